// A disk in a qcow2 file, as docs/interop/qcow2.txt of QEMU describes it. The child's side only.
//
// Ours, and not libqcow's: that one (20201213) gives whatever stands in the file for clusters that are marked as zeros,
// and wrong bytes without a word where the file is cut off.
#ifndef HOZEN_AGENT_VOLUME_QCOW_MEDIA_H_
#define HOZEN_AGENT_VOLUME_QCOW_MEDIA_H_

#include <functional>
#include <memory>

#include "agent/volume/media.h"

namespace hozen {

// As OpenMedia; versions 2 and 3, what the disk holds now (snapshots inside are passed over). InvalidArgument for
// encryption, a backing file, and features that change where bytes stand: an external data file, zstd, subclusters.
// ReadAt is DataLoss where a table points outside the file or a packed cluster does not unpack.
absl::StatusOr<std::unique_ptr<Media>> OpenQcowMedia(const MediaFile& file, std::function<void()> on_read);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_QCOW_MEDIA_H_
