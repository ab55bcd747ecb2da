// A disk in EWF files (E01, s01), through libewf. The child's side only.
#ifndef HOZEN_AGENT_VOLUME_EWF_MEDIA_H_
#define HOZEN_AGENT_VOLUME_EWF_MEDIA_H_

#include <functional>
#include <memory>
#include <vector>

#include "agent/volume/media.h"

namespace hozen {

// As OpenMedia. ReadAt is DataLoss where a range touches sectors that the container lists as unreadable when it was
// made, or a chunk whose checksum is wrong: libewf itself gives zeros, or wrong bytes, for these.
absl::StatusOr<std::unique_ptr<Media>> OpenEwfMedia(const std::vector<MediaFile>& files, std::function<void()> on_read);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_EWF_MEDIA_H_
