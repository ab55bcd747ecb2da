// Unpacking what a stranger packed, into memory whose size we chose.
#ifndef HOZEN_TOOLS_IMAGES_INFLATE_H_
#define HOZEN_TOOLS_IMAGES_INFLATE_H_

#include <cstddef>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace hozen {

enum class Deflated {
  kRaw,   // RFC 1951, as in ZIP files
  kZlib,  // RFC 1950: with a header and a checksum
};

// Thread-safe. How many bytes of `unpacked` were filled, which are all that `packed` holds. DataLoss where it is
// damaged, ends early, is followed by something, or holds more than that.
absl::StatusOr<size_t> Inflate(Deflated form, std::string_view packed, absl::Span<char> unpacked);

}  // namespace hozen

#endif  // HOZEN_TOOLS_IMAGES_INFLATE_H_
