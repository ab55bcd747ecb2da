#include "agent/raw/mounted_devices.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "agent/volume/guid_text.h"
#include "agent/volume/little_endian.h"
#include "core/base/concat.h"
#include "core/base/log.h"
#include "core/base/printable.h"

namespace hozen {
namespace {

constexpr std::string_view kGptMark = "DMIO:ID:";
constexpr size_t kGuidBytes = 16;
constexpr size_t kGuidTextBytes = 36;
constexpr absl::string_view kVolume = "volume{";
constexpr size_t kMbrBytes = 12;
constexpr size_t kSignatureTextBytes = 8;
// Of each kind. A sound system has some dozens; a hostile hive may hold millions.
constexpr size_t kMostNames = 10'000;

std::string MbrMountId(std::string_view signature, uint64_t offset_bytes) {
  return Concat("mbr ", signature, " ", offset_bytes);
}
std::string GptMountId(std::string_view guid) { return Concat("gpt ", guid); }

// Empty for other forms.
std::string MountIdIn(std::string_view data) {
  if (data.size() == kMbrBytes) {
    return MbrMountId(absl::StrFormat("%08x", LittleEndian(data, 0, 4)), LittleEndian(data, 4, 8));
  }
  if (data.size() == kGptMark.size() + kGuidBytes && data.substr(0, kGptMark.size()) == kGptMark) {
    return GptMountId(GuidText(data.substr(kGptMark.size())));
  }
  return "";
}

}  // namespace

std::string MountIdOf(const v1::Partition& partition) {
  const std::string_view uuid = partition.uuid();
  if (uuid.size() == kGuidTextBytes) return GptMountId(uuid);
  if (uuid.size() > kSignatureTextBytes && uuid[kSignatureTextBytes] == '-') {
    return MbrMountId(uuid.substr(0, kSignatureTextBytes), partition.offset_bytes());
  }
  return "";
}

MountedDevices MountedDevices::Read(FileTree& tree, const FindRawVolume& volume_of, std::string hive_path) {
  MountedDevices devices;
  const HivePlace place = {.file = std::move(hive_path), .root = "", .key = "\\MountedDevices"};
  const auto add = [&devices](const v1::RegistryKey& key) {
    for (const v1::RegistryValue& value : key.values()) devices.Add(value);
    return absl::OkStatus();
  };
  const absl::StatusOr<RegistryEnd> end = ReadHiveFile(tree, volume_of, place, std::nullopt, add);
  if (!end.ok()) {
    Log(Severity::kWarning, Concat("letters of volumes: ", Printable(StdView(end.status().message()))));
  } else if (end->errors > 0) {
    Log(Severity::kWarning, Concat("letters of volumes: ", end->errors, " keys or values could not be read"));
  }
  return devices;
}

void MountedDevices::Add(const v1::RegistryValue& value) {
  const std::string id = MountIdIn(value.data());
  if (id.empty() || value.size_bytes() != value.data().size()) return;
  const std::string name = absl::AsciiStrToLower(value.name());
  absl::string_view rest = name;
  if (absl::ConsumePrefix(&rest, "\\dosdevices\\")) {
    if (rest.size() != 2 || !absl::ascii_isalpha(rest[0]) || rest[1] != ':') return;
    if (drives_.size() < kMostNames) drives_.emplace(id, absl::AsciiStrToUpper(rest));
  } else if (absl::ConsumePrefix(&rest, "\\??\\") && absl::StartsWith(rest, kVolume) &&
             rest.size() == kVolume.size() + kGuidTextBytes + 1) {
    if (volumes_.size() < kMostNames) volumes_.emplace(std::string(rest), id);
  }
}

std::optional<std::string> MountedDevices::DriveOf(const v1::Partition& partition) const {
  const auto found = drives_.find(MountIdOf(partition));
  if (found == drives_.end()) return std::nullopt;
  return found->second;
}

std::optional<std::string> MountedDevices::MountIdOfVolume(std::string_view name) const {
  const auto found = volumes_.find(absl::AsciiStrToLower(AbslView(name)));
  if (found == volumes_.end()) return std::nullopt;
  return found->second;
}

}  // namespace hozen
