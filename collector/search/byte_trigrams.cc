#include "collector/search/byte_trigrams.h"

#include <cstddef>
#include <cstdint>

namespace hozen {
namespace {

constexpr size_t kTrigramBytes = 3;
// Each is a list to go through; what a few of them leave is few enough to look at.
constexpr size_t kMostTrigrams = 16;

}  // namespace

std::string TrigramText(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (const char c : bytes) {
    // FTS5 would take a NUL for the end of the text.
    const uint32_t character = c == '\0' ? 0x100 : static_cast<uint8_t>(c);
    if (character < 0x80) {
      text += c;
    } else {
      text += static_cast<char>(0xC0 | character >> 6);
      text += static_cast<char>(0x80 | (character & 0x3F));
    }
  }
  return text;
}

std::string TrigramExpression(const std::vector<std::string>& literals) {
  size_t there_are = 0;
  for (const std::string& literal : literals) {
    if (literal.size() >= kTrigramBytes) there_are += literal.size() - kTrigramBytes + 1;
  }
  const size_t step = (there_are + kMostTrigrams - 1) / kMostTrigrams;
  std::string expression;
  size_t counted = 0;
  for (const std::string& literal : literals) {
    for (size_t at = 0; at + kTrigramBytes <= literal.size(); ++at) {
      if (counted++ % step != 0) continue;
      if (!expression.empty()) expression += " AND ";
      expression += '"';
      for (const char c : TrigramText(std::string_view(literal).substr(at, kTrigramBytes))) {
        if (c == '"') expression += '"';
        expression += c;
      }
      expression += '"';
    }
  }
  return expression;
}

}  // namespace hozen
