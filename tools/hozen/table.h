// Rows in columns for a terminal.
#ifndef HOZEN_TOOLS_HOZEN_TABLE_H_
#define HOZEN_TOOLS_HOZEN_TABLE_H_

#include <string>
#include <string_view>
#include <vector>

namespace hozen {

// How many columns a terminal needs for UTF-8 text: East Asian wide characters take two, combining ones and escape
// sequences for colours none.
size_t DisplayWidth(std::string_view text);

// Thread-compatible. Cells hold text that is safe to show (Printable).
class Table {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string title;
    Align align = Align::kLeft;
  };
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // Missing cells are empty; cells behind the last column are dropped.
  void Add(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }
  // Title line, then rows, each ended by a newline and without blanks at its end.
  std::string Render() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// "name   value" lines for one thing's properties; empty values are left out.
std::string RenderProperties(const std::vector<std::pair<std::string, std::string>>& properties);

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_TABLE_H_
