#include "agent/platform/mounts.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "core/base/concat.h"
#include "core/base/file.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

// Spaces, tabs, newlines and backslashes stand there as three octal digits.
std::string Unescaped(std::string_view text) {
  const auto is_octal = [](char c) { return c >= '0' && c <= '7'; };
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) && is_octal(text[i + 2]) &&
        is_octal(text[i + 3])) {
      bytes.push_back(static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0')));
      i += 3;
    } else {
      bytes.push_back(text[i]);
    }
  }
  return bytes;
}

// As makedev(3) puts the two halves together; 0 where they are none.
uint64_t DeviceNumber(absl::string_view text) {
  const std::vector<absl::string_view> halves = absl::StrSplit(text, ':');
  uint64_t major_number = 0;
  uint64_t minor_number = 0;
  if (halves.size() != 2 || !absl::SimpleAtoi(halves[0], &major_number) ||
      !absl::SimpleAtoi(halves[1], &minor_number)) {
    return 0;
  }
  return (major_number & 0xFFFFF000) << 32 | (major_number & 0xFFF) << 8 | (minor_number & 0xFFFFFF00) << 12 |
         (minor_number & 0xFF);
}

}  // namespace

MountKind MountTable::KindOf(std::string_view file_system) {
  // devtmpfs and tmpfs are not here: intruders like /dev/shm.
  static const auto& pseudo = *new absl::flat_hash_set<absl::string_view>{
      "proc",       "sysfs",      "cgroup",     "cgroup2",     "devpts",         "debugfs",     "tracefs",
      "configfs",   "pstore",     "securityfs", "bpf",         "mqueue",         "hugetlbfs",   "fusectl",
      "efivarfs",   "selinuxfs",  "smackfs",    "rpc_pipefs",  "nsfs",           "binfmt_misc", "binder",
      "functionfs", "gadgetfs",   "fuse.lxcfs", "fuse.portal", "nfsd",           "resctrl",     "sockfs",
      "pipefs",     "openpromfs", "spufs",      "xenfs",       "fuse.gvfsd-fuse"};
  static const auto& remote = *new absl::flat_hash_set<absl::string_view>{
      "nfs",      "nfs4",   "cifs",     "smb2",   "smb3",   "smbfs",  "ncpfs", "afs",        "coda",
      "ceph",     "9p",     "virtiofs", "lustre", "gpfs",   "beegfs", "pvfs2", "davfs",      "glusterfs",
      "orangefs", "vboxsf", "vmhgfs",   "prl_fs", "autofs", "acfs",   "panfs", "ocfs2_dlmfs"};
  // A FUSE program that we do not know may ask anyone anywhere; these are known to read what is on this machine.
  static const auto& local_fuse = *new absl::flat_hash_set<absl::string_view>{
      "fuse.ntfs-3g",        "fuse.ntfs",     "fuse.exfat",     "fuse.mergerfs",       "fuse.unionfs",
      "fuse.fuse-overlayfs", "fuse.snapfuse", "fuse.bindfs",    "fuse.squashfuse",     "fuse.encfs",
      "fuse.gocryptfs",      "fuse.ext2",     "fuse.fuse-ext2", "fuse.dislocker-fuse", "fuse.ecryptfs"};
  const absl::string_view name = AbslView(file_system);
  if (pseudo.contains(name)) return MountKind::kPseudo;
  if (remote.contains(name)) return MountKind::kRemote;
  if (local_fuse.contains(name)) return MountKind::kLocal;
  if (name == "fuse" || absl::StartsWith(name, "fuse.")) return MountKind::kRemote;
  return MountKind::kLocal;
}

MountTable MountTable::FromMountInfo(std::string_view text) {
  MountTable table;
  for (absl::string_view line : absl::StrSplit(AbslView(text), '\n')) {
    // id parent major:minor root path options [optional fields] - type source options
    const std::pair<absl::string_view, absl::string_view> halves = absl::StrSplit(line, absl::MaxSplits(" - ", 1));
    const std::vector<absl::string_view> before = absl::StrSplit(halves.first, ' ');
    const std::vector<absl::string_view> after = absl::StrSplit(halves.second, ' ');
    if (before.size() < 6 || after.empty() || after[0].empty() || before[4].empty() || before[4].front() != '/')
      continue;
    Mount mount;
    mount.path = Unescaped(StdView(before[4]));
    mount.file_system = std::string(after[0]);
    mount.kind = KindOf(mount.file_system);
    mount.device_number = std::string(before[2]);
    mount.device = DeviceNumber(before[2]);
    mount.root = Unescaped(StdView(before[3]));
    if (after.size() > 1) mount.source = Unescaped(StdView(after[1]));
    // The kernel lists them in the order in which they were mounted: the last lies on top. An automount point that has
    // something on it is no longer one.
    table.by_path_.insert_or_assign(mount.path, mount);
  }
  return table;
}

std::vector<Mount> MountTable::List() const {
  std::vector<Mount> mounts;
  for (const auto& [path, mount] : by_path_) mounts.push_back(mount);
  std::sort(mounts.begin(), mounts.end(), [](const Mount& a, const Mount& b) { return a.path < b.path; });
  return mounts;
}

const Mount* MountTable::At(std::string_view path) const {
  const auto found = by_path_.find(AbslView(path));
  return found == by_path_.end() ? nullptr : &found->second;
}

}  // namespace hozen
