#include "tools/hozen/table.h"

#include <algorithm>
#include <cstdint>

namespace hozen {
namespace {

// One code point of valid UTF-8; a stray byte counts as itself.
uint32_t NextCodePoint(std::string_view text, size_t& at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at++);
  int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
  uint32_t point = more == 0 ? first : first & (0x3fu >> more);
  while (more-- > 0 && at < text.size() && (byte(at) & 0xc0) == 0x80) point = point << 6 | (byte(at++) & 0x3fu);
  return point;
}

bool IsWide(uint32_t c) {
  return (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0x303e) || (c >= 0x3041 && c <= 0xa4cf) ||
         (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) ||
         (c >= 0xff00 && c <= 0xff60) || (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x1f300 && c <= 0x1faff) ||
         (c >= 0x20000 && c <= 0x3fffd);
}

bool IsCombining(uint32_t c) {
  return (c >= 0x300 && c <= 0x36f) || (c >= 0x200b && c <= 0x200f) || (c >= 0x20d0 && c <= 0x20ff) ||
         (c >= 0x3099 && c <= 0x309a) || (c >= 0xfe00 && c <= 0xfe0f) || (c >= 0xfe20 && c <= 0xfe2f);
}

void AppendCell(const std::string& cell, size_t width, Table::Align align, std::string& line) {
  const size_t own = DisplayWidth(cell);
  const std::string padding(width > own ? width - own : 0, ' ');
  if (align == Table::Align::kRight) line += padding;
  line += cell;
  if (align == Table::Align::kLeft) line += padding;
}

}  // namespace

size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  for (size_t at = 0; at < text.size();) {
    if (text[at] == '\x1b') {  // a colour of ours: ESC [ ... m
      at = text.find('m', at);
      if (at == std::string_view::npos) break;
      ++at;
      continue;
    }
    const uint32_t point = NextCodePoint(text, at);
    if (!IsCombining(point)) width += IsWide(point) ? 2 : 1;
  }
  return width;
}

void Table::Add(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

std::string Table::Render() const {
  std::vector<size_t> widths;
  for (size_t column = 0; column < columns_.size(); ++column) {
    size_t width = DisplayWidth(columns_[column].title);
    for (const auto& row : rows_) width = std::max(width, DisplayWidth(row[column]));
    widths.push_back(width);
  }
  std::string out;
  const auto append_line = [&](const auto& cell_of) {
    std::string line;
    for (size_t column = 0; column < columns_.size(); ++column) {
      if (column > 0) line += "  ";
      AppendCell(cell_of(column), widths[column], columns_[column].align, line);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line;
    out += '\n';
  };
  append_line([&](size_t column) -> const std::string& { return columns_[column].title; });
  for (const auto& row : rows_) append_line([&](size_t column) -> const std::string& { return row[column]; });
  return out;
}

std::string RenderProperties(const std::vector<std::pair<std::string, std::string>>& properties) {
  size_t width = 0;
  for (const auto& [name, value] : properties) {
    if (!value.empty()) width = std::max(width, DisplayWidth(name));
  }
  std::string out;
  for (const auto& [name, value] : properties) {
    if (value.empty()) continue;
    AppendCell(name, width + 2, Table::Align::kLeft, out);
    out += value;
    out += '\n';
  }
  return out;
}

}  // namespace hozen
