#include "agent/volume/guid_text.h"

#include "absl/strings/str_format.h"
#include "agent/volume/little_endian.h"

namespace hozen {

std::string GuidText(std::string_view bytes) {
  const auto number = [bytes](size_t at, size_t size) { return LittleEndian(bytes, at, size); };
  const auto byte = [&number](size_t at) { return number(at, 1); };
  return absl::StrFormat("%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", number(0, 4), number(4, 2), number(6, 2),
                         byte(8), byte(9), byte(10), byte(11), byte(12), byte(13), byte(14), byte(15));
}

}  // namespace hozen
