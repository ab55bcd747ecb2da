// Windows' texts for tests.
#ifndef HOZEN_CORE_BASE_TESTING_UTF16_H_
#define HOZEN_CORE_BASE_TESTING_UTF16_H_

#include <string>
#include <string_view>

namespace hozen {

// UTF-16, little endian; need not be well-formed.
inline std::string Utf16(std::u16string_view text) {
  std::string bytes;
  for (const char16_t unit : text) {
    bytes.push_back(static_cast<char>(unit & 0xFF));
    bytes.push_back(static_cast<char>(unit >> 8));
  }
  return bytes;
}

}  // namespace hozen

#endif  // HOZEN_CORE_BASE_TESTING_UTF16_H_
