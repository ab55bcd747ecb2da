// Disks as things that can be read: block devices, or regular files that hold an image.
#ifndef HOZEN_AGENT_PLATFORM_DISK_H_
#define HOZEN_AGENT_PLATFORM_DISK_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/unique_fd.h"

namespace hozen {

struct OpenedDisk {
  UniqueFd fd;  // read-only
  uint64_t size_bytes = 0;
  uint32_t sector_size_bytes = 512;  // logical; 512 for a file
  bool is_block_device = false;
  bool access_time_kept = true;  // false: reading may set a new access time (O_NOATIME was refused)
  std::string model;             // empty for a file, or where the system does not say
  std::string serial;
  std::string real_path;  // where it lies, without links; empty where the system does not say
  // Of what is open, to see later whether it is still the same. `device` is the disk itself for a block device.
  uint32_t mode = 0;
  uint64_t inode = 0;
  uint64_t device = 0;
  int64_t modified_unix_ns = 0;
  int64_t changed_unix_ns = 0;
};

// Thread-safe. NotFound where it is not there; InvalidArgument where it is a folder or another thing that is no disk;
// PermissionDenied and others as ErrnoStatus. `path` may be a symbolic link (/dev/disk/by-id/...).
absl::StatusOr<OpenedDisk> OpenDisk(const std::string& path);

struct LocalDisk {
  std::string path;
  uint64_t size_bytes = 0;
  std::string model;
};

// Thread-safe. Whole disks, not partitions, loop devices, RAM disks or empty drives; by path.
std::vector<LocalDisk> ListLocalDisks();

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_DISK_H_
