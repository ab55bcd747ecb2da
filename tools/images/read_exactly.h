// Reading as much as was asked for, or nothing.
#ifndef HOZEN_TOOLS_IMAGES_READ_EXACTLY_H_
#define HOZEN_TOOLS_IMAGES_READ_EXACTLY_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "core/bytes/source.h"

namespace hozen {

// All of `size` bytes. DataLoss where the source ends before.
absl::StatusOr<std::string> ReadExactly(Source& source, uint64_t offset_bytes, size_t size);

}  // namespace hozen

#endif  // HOZEN_TOOLS_IMAGES_READ_EXACTLY_H_
