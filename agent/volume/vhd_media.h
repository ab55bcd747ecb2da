// A disk in a VHD file, through libvhdi. The child's side only.
#ifndef HOZEN_AGENT_VOLUME_VHD_MEDIA_H_
#define HOZEN_AGENT_VOLUME_VHD_MEDIA_H_

#include <functional>
#include <memory>

#include "agent/volume/media.h"

namespace hozen {

// As OpenMedia. Fixed and dynamic ones; InvalidArgument for differencing ones.
absl::StatusOr<std::unique_ptr<Media>> OpenVhdMedia(const MediaFile& file, std::function<void()> on_read);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_VHD_MEDIA_H_
