// Media as libtsk sees a disk. The child's side only.
#ifndef HOZEN_AGENT_VOLUME_DISK_IMAGE_H_
#define HOZEN_AGENT_VOLUME_DISK_IMAGE_H_

#include <tsk/libtsk.h>

#include <cstdint>
#include <memory>

#include "agent/volume/media.h"

namespace hozen {

// Thread-compatible. Borrows the media. libtsk's handles on it must be closed before it goes.
class DiskImage {
 public:
  // Null where libtsk refuses the sizes.
  static std::unique_ptr<DiskImage> Create(Media& media);
  ~DiskImage();
  DiskImage(const DiskImage&) = delete;
  DiskImage& operator=(const DiskImage&) = delete;

  TSK_IMG_INFO* info() { return &info_->base; }
  uint64_t size_bytes() const { return media_.size_bytes(); }

 private:
  // libtsk hands its callbacks the first member, and nothing else to know us by.
  struct Info {
    TSK_IMG_INFO base;
    DiskImage* self;
  };
  explicit DiskImage(Media& media) : media_(media) {}
  static ssize_t Read(TSK_IMG_INFO* info, TSK_OFF_T offset_bytes, char* buffer, size_t size_bytes);

  Media& media_;
  std::unique_ptr<Info> info_;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_DISK_IMAGE_H_
