#include "core/base/wtf8.h"

#include <cstddef>
#include <cstdint>

namespace hozen {
namespace {

constexpr char kHex[] = "0123456789abcdef";

void AppendCodePoint(uint32_t code, std::string& text) {
  const auto tail = [&text](uint32_t bits) { text.push_back(static_cast<char>(0x80 | (bits & 0x3F))); };
  if (code < 0x80) {
    text.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    text.push_back(static_cast<char>(0xC0 | code >> 6));
    tail(code);
  } else if (code < 0x10000) {
    text.push_back(static_cast<char>(0xE0 | code >> 12));
    tail(code >> 6);
    tail(code);
  } else {
    text.push_back(static_cast<char>(0xF0 | code >> 18));
    tail(code >> 12);
    tail(code >> 6);
    tail(code);
  }
}

bool IsHighSurrogate(uint32_t unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool IsLowSurrogate(uint32_t unit) { return unit >= 0xDC00 && unit < 0xE000; }

// Takes one code point from the front; false for bytes that are none, of which one is taken.
bool TakeCodePoint(std::string_view& text, uint32_t& code) {
  const auto first = static_cast<unsigned char>(text[0]);
  const size_t size = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
  code = size == 1 ? first : size == 2 ? first & 0x1F : size == 3 ? first & 0x0F : first & 0x07;
  bool good = size > 0 && size <= text.size();
  for (size_t i = 1; good && i < size; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    good = (byte & 0xC0) == 0x80;
    code = code << 6 | (byte & 0x3F);
  }
  // Longer than need be, or beyond Unicode.
  good = good && !(size == 3 && code < 0x800) && !(size == 4 && (code < 0x10000 || code > 0x10FFFF));
  text.remove_prefix(good ? size : 1);
  return good;
}

void AppendEscape(uint32_t unit, std::string& json) {
  json += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) json.push_back(kHex[unit >> shift & 0xF]);
}

}  // namespace

std::string Wtf8OfUtf16(std::string_view utf16) {
  const auto unit_at = [utf16](size_t at) -> uint32_t {
    if (at + 1 >= utf16.size()) return 0;
    return static_cast<unsigned char>(utf16[at]) | static_cast<unsigned char>(utf16[at + 1]) << 8;
  };
  std::string text;
  for (size_t at = 0; at + 1 < utf16.size(); at += 2) {
    uint32_t code = unit_at(at);
    if (const uint32_t next = unit_at(at + 2); IsHighSurrogate(code) && IsLowSurrogate(next)) {
      code = 0x10000 + ((code - 0xD800) << 10) + (next - 0xDC00);
      at += 2;
    }
    AppendCodePoint(code, text);
  }
  return text;
}

std::string Utf16OfWtf8(std::string_view wtf8) {
  std::string utf16;
  const auto append = [&utf16](uint32_t unit) {
    utf16.push_back(static_cast<char>(unit & 0xFF));
    utf16.push_back(static_cast<char>(unit >> 8));
  };
  while (!wtf8.empty()) {
    uint32_t code = 0;
    if (!TakeCodePoint(wtf8, code)) code = 0xFFFD;
    if (code >= 0x10000) {
      append(0xD800 + ((code - 0x10000) >> 10));
      append(0xDC00 + ((code - 0x10000) & 0x3FF));
    } else {
      append(code);
    }
  }
  return utf16;
}

std::string Utf8OfLatin1(std::string_view latin1) {
  std::string text;
  for (const char c : latin1) AppendCodePoint(static_cast<unsigned char>(c), text);
  return text;
}

std::string JsonOfWtf8(std::string_view wtf8) {
  std::string json = "\"";
  while (!wtf8.empty()) {
    uint32_t code = 0;
    if (!TakeCodePoint(wtf8, code)) code = 0xFFFD;
    if (code == '"' || code == '\\') {
      json.push_back('\\');
      json.push_back(static_cast<char>(code));
    } else if (code < 0x20 || code == 0x7F || IsHighSurrogate(code) || IsLowSurrogate(code)) {
      AppendEscape(code, json);
    } else {
      AppendCodePoint(code, json);
    }
  }
  return json + "\"";
}

}  // namespace hozen
