// The media's bytes out of an AFF4 v1.0, ours or another's. Everything in the file is taken for hostile.
#ifndef HOZEN_TOOLS_IMAGES_AFF4_SOURCE_H_
#define HOZEN_TOOLS_IMAGES_AFF4_SOURCE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "core/bytes/source.h"

namespace hozen {

// One image in one file, as a Map over ImageStreams or as one ImageStream; chunks deflated or stored; the map in any
// order. What nobody read (aff4:UnreadableData, aff4:UnknownData) is zeros, as it is in what a host signs, and not the
// words that the standard puts there.
//
// DataLoss where the file is damaged, cut off or contradicts itself; Unimplemented, saying what, for other forms of
// AFF4 (before v1.0, other packers, encryption, an image in several files, logical images). ReadAt also gives DataLoss
// for a damaged chunk; it says nothing of the bytes around it.
//
// The source is thread-compatible. Memory: 80 bytes for each 64 MiB of data (a bevy of the usual size) and at most some
// 100 MiB, whatever the file says.
absl::StatusOr<std::unique_ptr<Source>> OpenAff4(std::unique_ptr<Source> file);

}  // namespace hozen

#endif  // HOZEN_TOOLS_IMAGES_AFF4_SOURCE_H_
