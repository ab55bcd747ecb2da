#include "agent/volatile/linux/text_fields.h"

#include <algorithm>

namespace hozen {
namespace {

constexpr std::string_view kBlanks = " \t";

bool IsOctal(char c) { return c >= '0' && c <= '7'; }

}  // namespace

std::vector<std::string_view> Lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string_view TakeField(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  const size_t end = std::min(text.find_first_of(kBlanks), text.size());
  const std::string_view field = text.substr(0, end);
  text.remove_prefix(end);
  return field;
}

std::vector<std::string_view> Fields(std::string_view text) {
  std::vector<std::string_view> fields;
  for (std::string_view field = TakeField(text); !field.empty(); field = TakeField(text)) fields.push_back(field);
  return fields;
}

std::string_view Stripped(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  const size_t last = text.find_last_not_of(kBlanks);
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

uint64_t DeviceNumber(uint32_t major, uint32_t minor) {
  // glibc's makedev, which is Linux's own layout.
  return (uint64_t{major} & 0xFFF) << 8 | (uint64_t{major} & 0xFFFFF000) << 32 | (uint64_t{minor} & 0xFF) |
         (uint64_t{minor} & 0xFFFFFF00) << 12;
}

std::string FromOctal(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\' && at + 3 < text.size() && IsOctal(text[at + 1]) && IsOctal(text[at + 2]) &&
        IsOctal(text[at + 3])) {
      bytes += static_cast<char>((text[at + 1] - '0') * 64 + (text[at + 2] - '0') * 8 + (text[at + 3] - '0'));
      at += 3;
    } else {
      bytes += text[at];
    }
  }
  return bytes;
}

}  // namespace hozen
