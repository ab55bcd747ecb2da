// A disk in a VMDK, in one file or several, through libvmdk. The child's side only.
#ifndef HOZEN_AGENT_VOLUME_VMDK_MEDIA_H_
#define HOZEN_AGENT_VOLUME_VMDK_MEDIA_H_

#include <functional>
#include <memory>
#include <vector>

#include "agent/volume/media.h"

namespace hozen {

// As OpenMedia. One file: monolithicSparse and streamOptimized. Several: a descriptor, then its extents in their order,
// flat (also ESX's) or sparse. InvalidArgument where the descriptor names a parent, or extents that these files are
// not.
absl::StatusOr<std::unique_ptr<Media>> OpenVmdkMedia(const std::vector<MediaFile>& files,
                                                     std::function<void()> on_read);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_VMDK_MEDIA_H_
