#include "agent/volume/disk_image.h"

#include <limits>
#include <string>
#include <type_traits>

namespace hozen {

std::unique_ptr<DiskImage> DiskImage::Create(Media& media) {
  static_assert(std::is_standard_layout_v<Info>);
  if (media.size_bytes() > static_cast<uint64_t>(std::numeric_limits<TSK_OFF_T>::max())) return nullptr;
  std::unique_ptr<DiskImage> image(new DiskImage(media));
  image->info_ = std::make_unique<Info>();
  image->info_->self = image.get();
  const auto nothing_to_close = [](TSK_IMG_INFO*) {};
  const auto nothing_to_print = [](TSK_IMG_INFO*, FILE*) {};
  if (tsk_img_open_external(image->info(), static_cast<TSK_OFF_T>(media.size_bytes()), media.sector_size_bytes(), &Read,
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
  if (offset_bytes < 0 || static_cast<uint64_t>(offset_bytes) > self.size_bytes()) {
    tsk_error_set_errno(TSK_ERR_IMG_READ_OFF);
    tsk_error_set_errstr("read at %lld, outside the disk", static_cast<long long>(offset_bytes));
    return -1;
  }
  const absl::StatusOr<size_t> size =
      self.media_.ReadAt(static_cast<uint64_t>(offset_bytes), absl::MakeSpan(buffer, size_bytes));
  if (!size.ok()) {
    tsk_error_set_errno(TSK_ERR_IMG_READ);
    tsk_error_set_errstr("read at %lld failed: %s", static_cast<long long>(offset_bytes),
                         std::string(size.status().message()).c_str());
    return -1;
  }
  return static_cast<ssize_t>(*size);
}

}  // namespace hozen
