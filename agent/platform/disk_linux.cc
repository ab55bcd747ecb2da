#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "agent/platform/disk.h"
#include "core/base/concat.h"
#include "core/base/file.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr uint32_t kSectorSizeBytes = 512;  // of files, and of the counts in sysfs
constexpr uint32_t kMaxSectorSizeBytes = 1 << 20;
constexpr uint64_t kAttributeBytes = 4096;

std::string Attribute(const std::filesystem::path& path) {
  absl::StatusOr<std::string> bytes = ReadWholeFile(path, kAttributeBytes);
  return bytes.ok() ? std::string(absl::StripAsciiWhitespace(*bytes)) : std::string();
}

// The whole disk's folder in sysfs, also where the device is one of its partitions.
std::filesystem::path SysFolder(dev_t device) {
  std::error_code error;
  std::filesystem::path folder =
      std::filesystem::canonical(Concat("/sys/dev/block/", major(device), ":", minor(device)), error);
  if (error) return {};
  if (std::filesystem::exists(folder / "partition", error)) folder = folder.parent_path();
  return folder;
}

std::string ModelIn(const std::filesystem::path& folder) { return Attribute(folder / "device" / "model"); }

std::string SerialIn(const std::filesystem::path& folder) {
  for (const char* name : {"device/serial", "serial", "device/wwid", "wwid"}) {
    if (std::string serial = Attribute(folder / name); !serial.empty()) return serial;
  }
  return "";
}

absl::Status MeasureBlockDevice(const std::string& path, dev_t device, OpenedDisk& disk) {
  disk.is_block_device = true;
  if (ioctl(disk.fd.get(), BLKGETSIZE64, &disk.size_bytes) != 0) {
    return ErrnoStatus(errno, Concat("Asking for the size of ", Printable(path)));
  }
  int sector_size_bytes = 0;
  if (ioctl(disk.fd.get(), BLKSSZGET, &sector_size_bytes) != 0) {
    return ErrnoStatus(errno, Concat("Asking for the sector size of ", Printable(path)));
  }
  if (sector_size_bytes >= static_cast<int>(kSectorSizeBytes) &&
      sector_size_bytes <= static_cast<int>(kMaxSectorSizeBytes)) {
    disk.sector_size_bytes = static_cast<uint32_t>(sector_size_bytes);
  }
  if (const std::filesystem::path folder = SysFolder(device); !folder.empty()) {
    disk.model = ModelIn(folder);
    disk.serial = SerialIn(folder);
  }
  return absl::OkStatus();
}

// Files that the kernel makes up while they are read: some have no end, others tell each reader something else. None of
// them is the image of a disk.
bool IsMadeUp(int fd) {
  struct statfs system = {};
  if (fstatfs(fd, &system) != 0) return false;
  switch (static_cast<uint32_t>(system.f_type)) {
    case PROC_SUPER_MAGIC:
    case SYSFS_MAGIC:
    case DEBUGFS_MAGIC:
    case TRACEFS_MAGIC:
    case CGROUP_SUPER_MAGIC:
    case CGROUP2_SUPER_MAGIC:
      return true;
    default:
      return false;
  }
}

}  // namespace

absl::StatusOr<OpenedDisk> OpenDisk(const std::string& path) {
  // Looked at before it is opened: opening a tape or a watchdog has effects.
  struct stat before = {};
  if (stat(path.c_str(), &before) != 0) return ErrnoStatus(errno, Concat("Opening disk ", Printable(path)));
  if (S_ISDIR(before.st_mode)) {
    return absl::InvalidArgumentError(
        Concat("Opening disk ", Printable(path), ": it is a folder; name a block device or an image file"));
  }
  if (!S_ISBLK(before.st_mode) && !S_ISREG(before.st_mode)) {
    return absl::InvalidArgumentError(
        Concat("Opening disk ", Printable(path), ": it is neither a block device nor a regular file"));
  }
  OpenedDisk disk;
  constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  disk.fd.Reset(open(path.c_str(), kFlags | O_NOATIME));
  if (!disk.fd.valid() && errno == EPERM) {
    disk.fd.Reset(open(path.c_str(), kFlags));
    disk.access_time_kept = false;
  }
  if (!disk.fd.valid()) return ErrnoStatus(errno, Concat("Opening disk ", Printable(path)));
  struct stat now = {};
  if (fstat(disk.fd.get(), &now) != 0) return ErrnoStatus(errno, Concat("Opening disk ", Printable(path)));
  if (now.st_dev != before.st_dev || now.st_ino != before.st_ino) {
    return absl::FailedPreconditionError(
        Concat("Opening disk ", Printable(path), ": it was replaced while it was opened"));
  }
  disk.mode = now.st_mode;
  disk.inode = now.st_ino;
  disk.device = S_ISBLK(now.st_mode) ? now.st_rdev : now.st_dev;
  disk.modified_unix_ns = now.st_mtim.tv_sec * int64_t{1'000'000'000} + now.st_mtim.tv_nsec;
  disk.changed_unix_ns = now.st_ctim.tv_sec * int64_t{1'000'000'000} + now.st_ctim.tv_nsec;
  if (S_ISBLK(now.st_mode)) {
    HOZEN_RETURN_IF_ERROR(MeasureBlockDevice(path, now.st_rdev, disk));
    // A reader without a card, a loop device without a file: an image of it would be empty and call itself complete.
    if (disk.size_bytes == 0) return ErrnoStatus(ENOMEDIUM, Concat("Opening disk ", Printable(path)));
  } else if (IsMadeUp(disk.fd.get())) {
    return absl::InvalidArgumentError(Concat("Opening disk ", Printable(path),
                                             ": the kernel makes it up while it is read; it is no image of a disk"));
  } else {
    disk.size_bytes = static_cast<uint64_t>(now.st_size);
  }
  std::error_code error;
  disk.real_path = std::filesystem::read_symlink(Concat("/proc/self/fd/", disk.fd.get()), error).string();
  return disk;
}

std::vector<LocalDisk> ListLocalDisks() {
  std::vector<LocalDisk> disks;
  std::error_code error;
  std::filesystem::directory_iterator entries("/sys/block", error);
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    std::string name = entries->path().filename().string();
    if (absl::StartsWith(name, "loop") || absl::StartsWith(name, "ram") || absl::StartsWith(name, "zram")) continue;
    uint64_t sectors = 0;
    if (!absl::SimpleAtoi(Attribute(entries->path() / "size"), &sectors) || sectors == 0) continue;
    // sysfs writes '!' where the device's name has a folder ("cciss!c0d0").
    std::replace(name.begin(), name.end(), '!', '/');
    disks.push_back(
        {.path = Concat("/dev/", name), .size_bytes = sectors * kSectorSizeBytes, .model = ModelIn(entries->path())});
  }
  std::sort(disks.begin(), disks.end(), [](const LocalDisk& a, const LocalDisk& b) { return a.path < b.path; });
  return disks;
}

}  // namespace hozen
