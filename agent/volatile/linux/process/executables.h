// The programs that processes run: hashed, and those without a name on a disk held open so that they can be taken.
#ifndef HOZEN_AGENT_VOLATILE_LINUX_PROCESS_EXECUTABLES_H_
#define HOZEN_AGENT_VOLATILE_LINUX_PROCESS_EXECUTABLES_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/platform/file_access.h"
#include "agent/platform/mounts.h"
#include "agent/volatile/linux/kernel_files.h"
#include "core/base/unique_fd.h"
#include "proto/hozen/v1/evidence.pb.h"
#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

// Thread-compatible. `files` must outlive it.
class Executables {
 public:
  explicit Executables(const KernelFiles& files);

  // What pid runs. Each program is read once, however many run it. Of one that was deleted or lives in memory only the
  // descriptor is kept, so that the process may end: at most 256, and a file with several processes once.
  // Fills in what it can; the error is why the rest is missing: NotFound where the process has none (or is gone),
  // Unimplemented on a remote file system, ResourceExhausted for a program over 1 GiB.
  absl::Status Describe(int32_t pid, v1::Executable& executable);
  // The same without a hash, to hold what may be gone soon.
  absl::Status Hold(int32_t pid, v1::Executable& executable);

  struct Held {
    std::string path;  // "/proc/7/exe"
    std::string link;  // where that led: "/tmp/x (deleted)"
    OpenedFile file;
  };
  // Those held so far, in the order in which they were found; they are the caller's then.
  std::vector<Held> TakeHeld() { return std::move(held_); }
  // How many more there were than could be held.
  uint64_t not_held() const { return not_held_.size(); }
  // How many were read although that may have set a new access time, and the first of them.
  uint64_t touched() const { return touched_; }
  const std::string& first_touched() const { return first_touched_; }

 private:
  // Device, inode, size, times of change: while these stay, the bytes do.
  using Identity = std::tuple<uint64_t, uint64_t, uint64_t, int64_t, int64_t>;

  absl::Status Look(int32_t pid, bool hash, v1::Executable& executable);
  absl::StatusOr<std::string> HashOf(const OpenedFile& file, const std::string& path);
  bool IsDeleted(int32_t pid, const std::string& link, const v1::FileMetadata& file) const;

  const KernelFiles& files_;
  MountTable mounts_;
  std::map<Identity, std::string> hashes_;
  std::map<std::pair<uint64_t, uint64_t>, std::string> item_of_;  // by device and inode
  std::vector<Held> held_;
  std::set<std::pair<uint64_t, uint64_t>> not_held_;
  uint64_t touched_ = 0;
  std::string first_touched_;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_LINUX_PROCESS_EXECUTABLES_H_
