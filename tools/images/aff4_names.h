// The names that an AFF4's writer and its reader must agree on.
#ifndef HOZEN_TOOLS_IMAGES_AFF4_NAMES_H_
#define HOZEN_TOOLS_IMAGES_AFF4_NAMES_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/strings/str_format.h"
#include "core/base/concat.h"

namespace hozen {

inline constexpr std::string_view kAff4Scheme = "aff4://";
inline constexpr std::string_view kAff4Schema = "http://aff4.org/Schema#";
inline constexpr std::string_view kAff4Zlib = "https://www.ietf.org/rfc/rfc1950.txt";

// A member of the volume that belongs to another object than the volume itself: the URN's beginning is escaped.
inline std::string Aff4MemberName(std::string_view urn, std::string_view rest) {
  return Concat("aff4%3A%2F%2F", urn.substr(kAff4Scheme.size()), "/", rest);
}

// Of a part of an ImageStream, below its URN.
inline std::string Aff4BevyName(uint64_t number) { return absl::StrFormat("%08d", number); }

}  // namespace hozen

#endif  // HOZEN_TOOLS_IMAGES_AFF4_NAMES_H_
