// Numbers as ZIP and AFF4 write them: the lowest byte first.
#ifndef HOZEN_TOOLS_IMAGES_LITTLE_ENDIAN_H_
#define HOZEN_TOOLS_IMAGES_LITTLE_ENDIAN_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hozen {

template <typename Number>
void PutLittleEndian(Number number, std::string& out) {
  for (size_t i = 0; i < sizeof(Number); ++i) out += static_cast<char>(number >> 8 * i & 0xFF);
}

// The caller has seen to it that `bytes` has that many from `at` on.
template <typename Number>
Number TakeLittleEndian(std::string_view bytes, size_t at) {
  uint64_t number = 0;
  for (size_t i = sizeof(Number); i-- > 0;) number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
  return static_cast<Number>(number);
}

}  // namespace hozen

#endif  // HOZEN_TOOLS_IMAGES_LITTLE_ENDIAN_H_
