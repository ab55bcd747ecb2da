#include "agent/volume/disk_image.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <type_traits>
#include <utility>

namespace hozen {

std::unique_ptr<DiskImage> DiskImage::Create(int fd, uint64_t size_bytes, uint32_t sector_size_bytes,
                                             std::function<void()> on_read) {
  static_assert(std::is_standard_layout_v<Info>);
  if (size_bytes > static_cast<uint64_t>(std::numeric_limits<TSK_OFF_T>::max())) return nullptr;
  std::unique_ptr<DiskImage> image(new DiskImage);
  image->info_ = std::make_unique<Info>();
  image->info_->self = image.get();
  image->fd_ = fd;
  image->size_bytes_ = size_bytes;
  image->on_read_ = std::move(on_read);
  const auto nothing_to_close = [](TSK_IMG_INFO*) {};
  const auto nothing_to_print = [](TSK_IMG_INFO*, FILE*) {};
  if (tsk_img_open_external(image->info(), static_cast<TSK_OFF_T>(size_bytes), sector_size_bytes, &Read,
                            nothing_to_close, nothing_to_print) == nullptr) {
    return nullptr;
  }
  return image;
}

DiskImage::~DiskImage() {
  if (info_ != nullptr && info_->base.tag == TSK_IMG_INFO_TAG) tsk_img_close(info());
}

ssize_t DiskImage::Read(TSK_IMG_INFO* info, TSK_OFF_T offset_bytes, char* buffer, size_t size_bytes) {
  DiskImage& self = *reinterpret_cast<Info*>(info)->self;
  self.on_read_();
  if (offset_bytes < 0 || static_cast<uint64_t>(offset_bytes) > self.size_bytes_) {
    tsk_error_set_errno(TSK_ERR_IMG_READ_OFF);
    tsk_error_set_errstr("read at %lld, outside the disk", static_cast<long long>(offset_bytes));
    return -1;
  }
  size_bytes = std::min<uint64_t>(size_bytes, self.size_bytes_ - static_cast<uint64_t>(offset_bytes));
  size_t done = 0;
  while (done < size_bytes) {
    const ssize_t size = pread(self.fd_, buffer + done, size_bytes - done, offset_bytes + static_cast<off_t>(done));
    if (size == 0) break;
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) {
      tsk_error_set_errno(TSK_ERR_IMG_READ);
      tsk_error_set_errstr("read at %lld failed with error %d", static_cast<long long>(offset_bytes), errno);
      return -1;
    }
    done += static_cast<size_t>(size);
  }
  return static_cast<ssize_t>(done);
}

}  // namespace hozen
