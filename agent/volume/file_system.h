// libtsk's handles on a file system of a disk, its files and folders, closed by themselves. The child's side only.
#ifndef HOZEN_AGENT_VOLUME_FILE_SYSTEM_H_
#define HOZEN_AGENT_VOLUME_FILE_SYSTEM_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "agent/volume/disk_image.h"

namespace hozen {

struct FileSystemCloser {
  void operator()(TSK_FS_INFO* handle) const { tsk_fs_close(handle); }
};
using FileSystem = std::unique_ptr<TSK_FS_INFO, FileSystemCloser>;

// Each must go before the file system does.
struct FileCloser {
  void operator()(TSK_FS_FILE* handle) const { tsk_fs_file_close(handle); }
};
using FileHandle = std::unique_ptr<TSK_FS_FILE, FileCloser>;

struct FolderCloser {
  void operator()(TSK_FS_DIR* handle) const { tsk_fs_dir_close(handle); }
};
using FolderHandle = std::unique_ptr<TSK_FS_DIR, FolderCloser>;

// Borrows the disk, which must outlive the handle. NotFound where no file system is recognised at offset_bytes.
absl::StatusOr<FileSystem> OpenFileSystem(DiskImage& disk, uint64_t offset_bytes);

// What libtsk's last call says about why it failed, Printable.
std::string LastLibtskError();

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_FILE_SYSTEM_H_
