#include "agent/volume/file_system.h"

#include "core/base/printable.h"

namespace hozen {

absl::StatusOr<FileSystem> OpenFileSystem(DiskImage& disk, uint64_t offset_bytes) {
  if (offset_bytes >= disk.size_bytes()) {
    return absl::NotFoundError("The file system would begin behind the disk's end");
  }
  tsk_error_reset();
  FileSystem system(tsk_fs_open_img(disk.info(), static_cast<TSK_OFF_T>(offset_bytes), TSK_FS_TYPE_DETECT));
  if (system == nullptr) return absl::NotFoundError(LastLibtskError());
  if (system->block_size == 0) return absl::NotFoundError("Its blocks have no size");
  return system;
}

std::string LastLibtskError() {
  const char* text = tsk_error_get();
  return text == nullptr ? "libtsk does not say why" : Printable(text);
}

}  // namespace hozen
