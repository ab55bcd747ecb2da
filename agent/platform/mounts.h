// Which paths lie on file systems that a walk must not wander into.
#ifndef HOZEN_AGENT_PLATFORM_MOUNTS_H_
#define HOZEN_AGENT_PLATFORM_MOUNTS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"

namespace hozen {

enum class MountKind {
  kLocal,
  kRemote,  // another machine's, or one that is mounted when it is looked at: reading may hang
  kPseudo,  // the kernel's own: endless, or with side effects
};

struct Mount {
  std::string path;         // as the process sees it
  std::string file_system;  // "ext4", "nfs4", "fuse.sshfs"
  MountKind kind = MountKind::kLocal;
  std::string source;         // the device, where there is one
  std::string root;           // which folder of the file system is mounted; "/" but for binds
  std::string device_number;  // Linux: "8:1"
  uint64_t device = 0;        // as FileMetadata.device of its files, but for file systems that have none of a disk
};

// Thread-safe once made: a picture of the moment in which it was read.
class MountTable {
 public:
  static absl::StatusOr<MountTable> Read();
  // From the text of /proc/self/mountinfo. Lines that do not parse are skipped.
  static MountTable FromMountInfo(std::string_view text);

  // The mount whose root `path` (absolute, no symbolic links in it) is; nullptr where it is none. No system call.
  const Mount* At(std::string_view path) const;
  // The mount that `path` lies on; nullptr where the table is empty.
  const Mount* Of(std::string_view path) const;

  // All of them, by path.
  std::vector<Mount> List() const;

  static MountKind KindOf(std::string_view file_system);

 private:
  absl::flat_hash_map<std::string, Mount> by_path_;  // the uppermost where several lie on one path
};

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_MOUNTS_H_
