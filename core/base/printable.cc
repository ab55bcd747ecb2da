#include "core/base/printable.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/ascii.h"

namespace hozen {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

bool IsContinuation(unsigned char byte) { return (byte & 0xC0) == 0x80; }

// One code point of Unicode's table 3-7 (well-formed UTF-8): no overlong forms, no surrogates, nothing above U+10FFFF.
struct CodePoint {
  uint32_t value = 0;
  size_t size_bytes = 0;  // 0: there is none here
};

CodePoint FirstCodePoint(std::string_view bytes) {
  const auto at = [bytes](size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char lead = at(0);
  if (lead < 0x80) return {lead, 1};
  size_t size = 0;
  uint32_t value = 0;
  uint32_t smallest = 0;
  if ((lead & 0xE0) == 0xC0) {
    size = 2, value = lead & 0x1F, smallest = 0x80;
  } else if ((lead & 0xF0) == 0xE0) {
    size = 3, value = lead & 0x0F, smallest = 0x800;
  } else if ((lead & 0xF8) == 0xF0) {
    size = 4, value = lead & 0x07, smallest = 0x10000;
  }
  if (size == 0 || bytes.size() < size) return {};
  for (size_t i = 1; i < size; ++i) {
    if (!IsContinuation(at(i))) return {};
    value = value << 6 | (at(i) & 0x3F);
  }
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < smallest || value > 0x10FFFF || surrogate) return {};
  return {value, size};
}

// What could move the cursor, end the line or turn the reading direction of what stands around it.
bool IsControl(uint32_t value) {
  if (value < 0x20 || (value >= 0x7F && value <= 0x9F)) return true;       // C0, DEL, C1 (U+009B starts sequences)
  if (value == 0x2028 || value == 0x2029) return true;                     // line and paragraph separator
  if (value == 0x061C || value == 0x200E || value == 0x200F) return true;  // direction marks
  return (value >= 0x202A && value <= 0x202E) || (value >= 0x2066 && value <= 0x2069);  // embeddings, isolates
}

void AppendEscaped(std::string_view bytes, std::string& out) {
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += "\\x";
    out += kHexDigits[byte >> 4];
    out += kHexDigits[byte & 15];
  }
}

std::string Escape(std::string_view bytes, bool double_backslashes) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const CodePoint point = FirstCodePoint(bytes);
    const size_t size = point.size_bytes == 0 ? 1 : point.size_bytes;
    if (point.size_bytes == 0 || IsControl(point.value)) {
      AppendEscaped(bytes.substr(0, size), out);
    } else if (double_backslashes && point.value == '\\') {
      out += "\\\\";
    } else {
      out += bytes.substr(0, size);
    }
    bytes.remove_prefix(size);
  }
  return out;
}

int HexValue(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  return absl::ascii_tolower(static_cast<unsigned char>(digit)) - 'a' + 10;
}

bool StartsWithEscapedByte(std::string_view text) {
  return text.size() >= 4 && text[0] == '\\' && text[1] == 'x' &&
         absl::ascii_isxdigit(static_cast<unsigned char>(text[2])) &&
         absl::ascii_isxdigit(static_cast<unsigned char>(text[3]));
}

// "\\.\PhysicalDrive0", "\\?\C:\x", as people type them: Printable would have doubled the third backslash too.
bool IsTypedDeviceName(std::string_view text) {
  return text.size() > 4 && (text.starts_with("\\\\.\\") || text.starts_with("\\\\?\\")) && text[4] != '\\' &&
         !StartsWithEscapedByte(text.substr(3));
}

}  // namespace

std::string Printable(std::string_view bytes) { return Escape(bytes, /*double_backslashes=*/true); }

std::string PrintableLine(std::string_view text) { return Escape(text, /*double_backslashes=*/false); }

std::string FromPrintable(std::string_view text) {
  if (IsTypedDeviceName(text)) return std::string(text);
  std::string bytes;
  bytes.reserve(text.size());
  while (!text.empty()) {
    if (StartsWithEscapedByte(text)) {
      bytes += static_cast<char>(HexValue(text[2]) << 4 | HexValue(text[3]));
      text.remove_prefix(4);
    } else if (text.substr(0, 2) == "\\\\") {
      bytes += '\\';
      text.remove_prefix(2);
    } else {
      bytes += text.front();
      text.remove_prefix(1);
    }
  }
  return bytes;
}

bool IsValidUtf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const CodePoint point = FirstCodePoint(bytes);
    if (point.size_bytes == 0) return false;
    bytes.remove_prefix(point.size_bytes);
  }
  return true;
}

}  // namespace hozen
