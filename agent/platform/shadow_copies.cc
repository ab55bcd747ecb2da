#include "agent/platform/shadow_copies.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/base/concat.h"
#include "core/base/device_root.h"

namespace hozen {
namespace {

struct Flag {
  uint32_t bit;
  std::string_view name;
};
constexpr Flag kFlags[] = {
    {0x00000001, "PERSISTENT"},
    {0x00000002, "NO_AUTORECOVERY"},
    {0x00000004, "CLIENT_ACCESSIBLE"},
    {0x00000008, "NO_AUTO_RELEASE"},
    {0x00000010, "NO_WRITERS"},
    {0x00000020, "TRANSPORTABLE"},
    {0x00000040, "NOT_SURFACED"},
    {0x00000080, "NOT_TRANSACTED"},
    {0x00010000, "HARDWARE_ASSISTED"},
    {0x00020000, "DIFFERENTIAL"},
    {0x00040000, "PLEX"},
    {0x00080000, "IMPORTED"},
    {0x00100000, "EXPOSED_LOCALLY"},
    {0x00200000, "EXPOSED_REMOTELY"},
    {0x00400000, "AUTORECOVER"},
    {0x00800000, "ROLLBACK_RECOVERY"},
    {0x01000000, "DELAYED_POSTSNAPSHOT"},
    {0x02000000, "TXF_RECOVERY"},
    {0x04000000, "FILE_SHARE"},
};

// 0 where it is none.
uint32_t NumberOf(std::string_view device) {
  uint32_t number = 0;
  const bool is_copy = absl::StartsWithIgnoreCase(AbslView(device), AbslView(kShadowCopyDevice)) &&
                       absl::SimpleAtoi(AbslView(device.substr(kShadowCopyDevice.size())), &number);
  return is_copy ? number : 0;
}

}  // namespace

std::vector<v1::ShadowCopy> JoinShadowCopies(std::vector<v1::ShadowCopy> known,
                                             const std::vector<std::string>& devices) {
  for (v1::ShadowCopy& copy : known) copy.set_seen_in("vss");
  const size_t told = known.size();
  for (const std::string& device : devices) {
    const bool is_known =
        std::any_of(known.begin(), known.begin() + static_cast<std::ptrdiff_t>(told),
                    [&](const v1::ShadowCopy& copy) { return absl::EqualsIgnoreCase(copy.device(), device); });
    if (is_known) continue;
    v1::ShadowCopy& copy = known.emplace_back();
    copy.set_device(device);
    copy.set_seen_in("device");
  }
  std::stable_sort(known.begin(), known.end(), [](const v1::ShadowCopy& a, const v1::ShadowCopy& b) {
    return NumberOf(a.device()) < NumberOf(b.device());
  });
  return known;
}

std::vector<std::string> ShadowCopyAttributes(uint32_t attributes) {
  std::vector<std::string> names;
  for (const Flag& flag : kFlags) {
    if ((attributes & flag.bit) == 0) continue;
    names.emplace_back(flag.name);
    attributes &= ~flag.bit;
  }
  if (attributes != 0) names.push_back(Concat("0x", absl::Hex(attributes, absl::kZeroPad8)));
  return names;
}

}  // namespace hozen
