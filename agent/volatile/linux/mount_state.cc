#include "agent/volatile/linux/mount_state.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "agent/acquire/failure.h"
#include "agent/volatile/linux/process_list.h"
#include "agent/volatile/linux/text_fields.h"
#include "agent/volatile/record_source.h"
#include "core/base/concat.h"
#include "core/base/printable.h"

namespace hozen {
namespace {

constexpr size_t kMaxMountInfoBytes = 64 << 20;
constexpr size_t kMostMounts = 65536;

}  // namespace

std::optional<v1::MountState> ParseMountLine(std::string_view line) {
  // "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue", with any number of tags before
  // the dash.
  const std::vector<std::string_view> fields = Fields(line);
  if (fields.size() < 9) return std::nullopt;
  const auto dash = std::find(fields.begin() + 6, fields.end(), "-");
  if (fields.end() - dash < 3) return std::nullopt;
  const auto id = NumberOf<int32_t>(fields[0]);
  const auto parent = NumberOf<int32_t>(fields[1]);
  if (!id.has_value() || !parent.has_value()) return std::nullopt;
  v1::MountState mount;
  mount.set_id(*id);
  mount.set_parent_id(*parent);
  mount.set_device(Printable(fields[2]));
  mount.set_root(Printable(FromOctal(fields[3])));
  mount.set_mount_point(Printable(FromOctal(fields[4])));
  mount.set_options(Printable(fields[5]));
  for (auto tag = fields.begin() + 6; tag != dash; ++tag) mount.add_propagation(Printable(*tag));
  mount.set_file_system(Printable(FromOctal(dash[1])));
  mount.set_source(Printable(FromOctal(dash[2])));
  if (fields.end() - dash > 3) mount.set_super_options(Printable(FromOctal(dash[3])));
  return mount;
}

std::vector<v1::VolatileRecord> MountRecords(const KernelFiles& files) {
  std::vector<v1::VolatileRecord> records;
  uint64_t unread = 0;
  std::map<uint64_t, int32_t> namespaces = OneProcessInEach(files, "mnt", unread);
  if (unread > 0) {
    records.push_back(MissingRecord(
        "namespaces of mounts",
        MakeFailure(v1::CAUSE_PERMISSION_DENIED,
                    Concat(unread, " processes did not tell theirs; mounts that only they have are not here"))));
  }
  for (const auto& [inode, pid] : namespaces) {
    const std::string path = ProcPath(pid, "mountinfo");
    const absl::StatusOr<KernelFiles::Text> text = files.Read(path, kMaxMountInfoBytes);
    if (!text.ok()) {
      records.push_back(MissingRecord(path, StateFailure(text.status(), v1::CAUSE_VANISHED)));
      continue;
    }
    bool all = !text->cut;
    for (const std::string_view line : Lines(text->bytes)) {
      std::optional<v1::MountState> mount = ParseMountLine(line);
      if (!mount.has_value()) continue;
      if (records.size() >= kMostMounts) {
        all = false;
        break;
      }
      mount->set_mount_namespace(inode);
      *records.emplace_back().mutable_mount() = *std::move(mount);
    }
    if (all) continue;
    records.push_back(MissingRecord(
        path, MakeFailure(v1::CAUSE_LIMIT_ITEMS, Concat("there are more than ", kMostMounts, " mounts in all"))));
    break;
  }
  return records;
}

}  // namespace hozen
