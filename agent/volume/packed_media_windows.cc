#include "agent/volume/ewf_media.h"
#include "agent/volume/vmdk_media.h"

namespace hozen {

absl::StatusOr<std::unique_ptr<Media>> OpenEwfMedia(const std::vector<MediaFile>& /*files*/,
                                                    std::function<void()> /*on_read*/) {
  return absl::UnimplementedError("an agent on Windows does not read E01 files yet; libewf is not built for it");
}

absl::StatusOr<std::unique_ptr<Media>> OpenVmdkMedia(const std::vector<MediaFile>& /*files*/,
                                                     std::function<void()> /*on_read*/) {
  return absl::UnimplementedError("an agent on Windows does not read VMDK files yet; libvmdk is not built for it");
}

}  // namespace hozen
