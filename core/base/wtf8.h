// Windows' texts: UTF-16 that need not be well-formed, as bytes that lose nothing (WTF-8, https://simonsapin.github.io/
// wtf-8/: UTF-8 in which half of a surrogate pair is three bytes). Thread-safe.
#ifndef HOZEN_CORE_BASE_WTF8_H_
#define HOZEN_CORE_BASE_WTF8_H_

#include <string>
#include <string_view>

namespace hozen {

// Of UTF-16, little endian. A last odd byte is left out.
std::string Wtf8OfUtf16(std::string_view utf16);

// The way back, for what Wtf8OfUtf16 gives; bytes that are no WTF-8 become U+FFFD each.
std::string Utf16OfWtf8(std::string_view wtf8);

// Of Latin-1: what the registry calls a compressed name.
std::string Utf8OfLatin1(std::string_view latin1);

// A string of JSON with its quotes, valid UTF-8 whatever `wtf8` is: half a surrogate pair becomes its \u escape, bytes
// that are not WTF-8 become U+FFFD.
std::string JsonOfWtf8(std::string_view wtf8);

}  // namespace hozen

#endif  // HOZEN_CORE_BASE_WTF8_H_
