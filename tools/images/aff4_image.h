// AFF4 v1.0 (aff4.org): a map over a stream of deflated chunks, with zeros and what could not be read as streams of
// symbols. Format: docs/formats/bundle.md.
#ifndef HOZEN_TOOLS_IMAGES_AFF4_IMAGE_H_
#define HOZEN_TOOLS_IMAGES_AFF4_IMAGE_H_

#include <filesystem>
#include <memory>

#include "absl/status/statusor.h"
#include "tools/images/image_writer.h"

namespace hozen {

// Equal images with equal descriptions are equal bytes. Memory does not grow with the image: the map (28 bytes for each
// run, at most two runs for a MiB of the image and each missing one) and the ZIP's directory wait for their turn in
// files without a name beside the target.
absl::StatusOr<std::unique_ptr<ImageWriter>> NewAff4Writer(const std::filesystem::path& target,
                                                           const ImageDescription& description);

}  // namespace hozen

#endif  // HOZEN_TOOLS_IMAGES_AFF4_IMAGE_H_
