// A descriptor as libtsk sees a disk. The child's side only.
#ifndef HOZEN_AGENT_VOLUME_DISK_IMAGE_H_
#define HOZEN_AGENT_VOLUME_DISK_IMAGE_H_

#include <tsk/libtsk.h>

#include <cstdint>
#include <functional>
#include <memory>

namespace hozen {

// Thread-compatible. Borrows the descriptor. libtsk's handles on it must be closed before it goes.
class DiskImage {
 public:
  // `on_read` is called before each read. Null where libtsk refuses the sizes.
  static std::unique_ptr<DiskImage> Create(int fd, uint64_t size_bytes, uint32_t sector_size_bytes,
                                           std::function<void()> on_read);
  ~DiskImage();
  DiskImage(const DiskImage&) = delete;
  DiskImage& operator=(const DiskImage&) = delete;

  TSK_IMG_INFO* info() { return &info_->base; }
  uint64_t size_bytes() const { return size_bytes_; }

 private:
  // libtsk hands its callbacks the first member, and nothing else to know us by.
  struct Info {
    TSK_IMG_INFO base;
    DiskImage* self;
  };
  DiskImage() = default;
  static ssize_t Read(TSK_IMG_INFO* info, TSK_OFF_T offset_bytes, char* buffer, size_t size_bytes);

  std::unique_ptr<Info> info_;
  int fd_ = -1;
  uint64_t size_bytes_ = 0;
  std::function<void()> on_read_;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_DISK_IMAGE_H_
