// What a walk must not enter or open, and why.
#ifndef HOZEN_AGENT_ACQUIRE_BORDERS_H_
#define HOZEN_AGENT_ACQUIRE_BORDERS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/platform/mounts.h"
#include "core/plan/glob.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

struct BorderOptions {
  std::vector<std::string> refused_paths;  // local policy's globs
  std::string state_folder;                // on the host itself, not below `root`
  std::string root;                        // what stands before every path
  std::function<absl::StatusOr<MountTable>()> read_mounts = &MountTable::Read;
};

// Thread-compatible. Paths are absolute and without `root`; "real" ones hold no symbolic link.
class Borders {
 public:
  // InvalidArgument where a glob of the policy does not parse: a policy that cannot be understood allows nothing.
  static absl::StatusOr<Borders> Create(BorderOptions options);

  // Local policy's word on one path; folders above it were asked before. A path in a shadow copy is refused too where
  // the same path of a drive is.
  std::optional<v1::Failure> RefusedByPolicy(std::string_view path) const;
  // The same, with every folder above it.
  std::optional<v1::Failure> RefusedWithParents(std::string_view path) const;

  // The agent's own state folder, by whatever name it is reached.
  std::optional<v1::Failure> RefusedFolder(const v1::FileMetadata& folder) const;

  // A remote or pseudo file system that begins at this path.
  std::optional<v1::Failure> BeginsAt(std::string_view real_path) const;
  bool IsMountPoint(std::string_view real_path) const;
  // Whether the path lies on a file system of the kernel's own: it is no place on a disk, and the times there mean
  // nothing.
  bool IsPseudo(std::string_view real_path) const;
  // What is mounted has changed since: look again. What cannot be read stays as it was.
  void LookAgain();

  // A file of the kernel's that never ends, or that says what it holds only once.
  std::optional<v1::Failure> Endless(std::string_view real_path) const;

 private:
  explicit Borders(BorderOptions options) : options_(std::move(options)) {}
  std::optional<v1::Failure> RefusedAsIs(std::string_view path) const;

  BorderOptions options_;
  std::vector<Glob> refused_;
  bool has_state_folder_ = false;
  uint64_t state_device_ = 0;
  uint64_t state_inode_ = 0;
  MountTable mounts_;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_ACQUIRE_BORDERS_H_
