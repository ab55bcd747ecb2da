// A disk in a VHD file, as Microsoft's Virtual Hard Disk Image Format Specification describes it. The child's side
// only.
//
// Ours, and not libvhdi's: that one (20210425) looks at dynamic disks a sector at a time, at 90 MB/s where this has 4
// GB/s.
#ifndef HOZEN_AGENT_VOLUME_VHD_MEDIA_H_
#define HOZEN_AGENT_VOLUME_VHD_MEDIA_H_

#include <functional>
#include <memory>

#include "agent/volume/media.h"

namespace hozen {

// As OpenMedia; fixed and dynamic ones, InvalidArgument for differencing ones. The disk's size is the footer's current
// size, not its geometry. DataLoss where a checksum of footer or header is wrong. ReadAt is DataLoss where the table
// points outside the file.
absl::StatusOr<std::unique_ptr<Media>> OpenVhdMedia(const MediaFile& file, std::function<void()> on_read);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_VHD_MEDIA_H_
