// A disk in a VMDK file, through libvmdk. The child's side only.
#ifndef HOZEN_AGENT_VOLUME_VMDK_MEDIA_H_
#define HOZEN_AGENT_VOLUME_VMDK_MEDIA_H_

#include <functional>
#include <memory>

#include "agent/volume/media.h"

namespace hozen {

// As OpenMedia. Those that are one file: monolithicSparse and streamOptimized; InvalidArgument where the descriptor
// inside names a parent or other files.
absl::StatusOr<std::unique_ptr<Media>> OpenVmdkMedia(const MediaFile& file, std::function<void()> on_read);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_VMDK_MEDIA_H_
