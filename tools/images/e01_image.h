// E01 (EWF, EnCase 6) through libewf, which only this file's room sees.
#ifndef HOZEN_TOOLS_IMAGES_E01_IMAGE_H_
#define HOZEN_TOOLS_IMAGES_E01_IMAGE_H_

#include <cstdint>
#include <filesystem>
#include <memory>

#include "absl/status/statusor.h"
#include "core/bytes/source.h"
#include "tools/images/image_writer.h"

namespace hozen {

inline constexpr uint64_t kSmallestSegmentBytes = uint64_t{1} << 20;
inline constexpr uint64_t kLargestSegmentBytes = uint64_t{1} << 40;
inline constexpr uint64_t kDefaultSegmentBytes = uint64_t{2} << 30;

// Whether an image can be an E01 at all: InvalidArgument where it has no whole number of sectors, or where a segment
// cannot have that size.
absl::Status CheckE01(uint64_t size_bytes, uint32_t sector_size_bytes, uint64_t segment_size_bytes);

// Writes the set whose first file is to be `target` (it ends in ".E01"), each file of at most about
// `segment_size_bytes`, with MD5, SHA-1 and unreadable sectors in it. InvalidArgument as CheckE01, and for
// another name.
absl::StatusOr<std::unique_ptr<ImageWriter>> NewE01Writer(const std::filesystem::path& target,
                                                          const ImageDescription& description,
                                                          uint64_t segment_size_bytes);

// ".E01", ..., ".E99", ".EAA", ..., ".EZZ", ".FAA", ...; number counts from 1.
std::string E01Extension(uint32_t number);

// The media's bytes of the set whose first file this is. DataLoss where the set is damaged or not whole, and of bytes
// whose checksum is wrong. The source is thread-compatible.
absl::StatusOr<std::unique_ptr<Source>> OpenE01(const std::filesystem::path& first);

}  // namespace hozen

#endif  // HOZEN_TOOLS_IMAGES_E01_IMAGE_H_
