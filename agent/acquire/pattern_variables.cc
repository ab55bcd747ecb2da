#include "agent/acquire/pattern_variables.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_replace.h"
#include "core/base/concat.h"
#include "core/base/printable.h"

namespace hozen {
namespace {

constexpr std::string_view kMark = "%%";

std::optional<std::string> ExpandOne(const std::vector<std::string>& pieces, const VariableRow& row,
                                     EscapeValue escape) {
  std::string pattern;
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (i % 2 == 0) {
      pattern += pieces[i];
      continue;
    }
    const auto value = row.find(pieces[i]);
    if (value == row.end()) return std::nullopt;
    pattern += escape(value->second);
  }
  return pattern;
}

}  // namespace

// There is no escape character in patterns; a set of one says the same.
std::string EscapedForGlob(std::string_view value) {
  return absl::StrReplaceAll(AbslView(value), {{"*", "[*]"}, {"?", "[?]"}, {"[", "[[]"}});
}

std::string EscapedForWql(std::string_view value) {
  return absl::StrReplaceAll(AbslView(value), {{"\\", "\\\\"}, {"'", "\\'"}, {"\"", "\\\""}});
}

PatternVariables::PatternVariables(std::string_view pattern) {
  while (true) {
    const size_t open = pattern.find(kMark);
    const size_t close = open == std::string_view::npos ? open : pattern.find(kMark, open + kMark.size());
    if (close == std::string_view::npos) break;
    pieces_.emplace_back(pattern.substr(0, open));
    pieces_.push_back(
        absl::AsciiStrToLower(AbslView(pattern.substr(open + kMark.size(), close - open - kMark.size()))));
    pattern.remove_prefix(close + kMark.size());
  }
  pieces_.emplace_back(pattern);
}

bool PatternVariables::Asks(std::string_view variable) const {
  for (size_t i = 1; i < pieces_.size(); i += 2) {
    if (pieces_[i] == variable) return true;
  }
  return false;
}

absl::Status PatternVariables::Check(std::span<const std::string_view> known) const {
  for (size_t i = 1; i < pieces_.size(); i += 2) {
    if (std::find(known.begin(), known.end(), pieces_[i]) == known.end()) {
      return absl::UnimplementedError(Concat("This host has no value for %%", Printable(pieces_[i]), "%%"));
    }
  }
  return absl::OkStatus();
}

std::vector<std::string> PatternVariables::Expand(const std::vector<VariableRow>& rows, EscapeValue escape) const {
  if (empty()) return pieces_;
  std::set<std::string> patterns;
  for (const VariableRow& row : rows) {
    if (std::optional<std::string> pattern = ExpandOne(pieces_, row, escape)) patterns.insert(*std::move(pattern));
  }
  return {patterns.begin(), patterns.end()};
}

}  // namespace hozen
