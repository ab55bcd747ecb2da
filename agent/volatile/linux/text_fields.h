// Lines, fields and numbers of the kernel's texts.
#ifndef HOZEN_AGENT_VOLATILE_LINUX_TEXT_FIELDS_H_
#define HOZEN_AGENT_VOLATILE_LINUX_TEXT_FIELDS_H_

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hozen {

// All are thread-safe and refer to the bytes of `text`.

// Without their line feeds; a last line needs none.
std::vector<std::string_view> Lines(std::string_view text);
// What stands between blanks and tabs.
std::vector<std::string_view> Fields(std::string_view text);
// The first of Fields, taken away from `text`.
std::string_view TakeField(std::string_view& text);
std::string_view Stripped(std::string_view text);

// All of the text as a number; none where it is anything else or does not fit.
template <typename Number>
std::optional<Number> NumberOf(std::string_view text, int base = 10) {
  Number number = 0;
  const char* const end = text.data() + text.size();
  const std::from_chars_result result = std::from_chars(text.data(), end, number, base);
  if (text.empty() || result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return number;
}

// As stat(2) gives a device.
uint64_t DeviceNumber(uint32_t major, uint32_t minor);

// "\040" and the like, as mountinfo and maps write blanks, tabs, line feeds and backslashes, turned back into bytes.
std::string FromOctal(std::string_view text);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_LINUX_TEXT_FIELDS_H_
