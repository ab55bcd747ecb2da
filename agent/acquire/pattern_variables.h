// %%variables%% in patterns, filled in from rows of values. Pure functions, thread-safe.
#ifndef HOZEN_AGENT_ACQUIRE_PATTERN_VARIABLES_H_
#define HOZEN_AGENT_ACQUIRE_PATTERN_VARIABLES_H_

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace hozen {

// What belongs together, one person's values for example: a variable's name in lower case -> its value.
using VariableRow = std::map<std::string, std::string, std::less<>>;

// How a value is written so that it means itself.
using EscapeValue = std::string (*)(std::string_view value);
// In a pattern of paths: one named [a] is not a set.
std::string EscapedForGlob(std::string_view value);
// Between quotes of a query in WQL (https://learn.microsoft.com/en-us/windows/win32/wmisdk/wql-operators): it does not
// end them.
std::string EscapedForWql(std::string_view value);

// A pattern taken apart.
class PatternVariables {
 public:
  explicit PatternVariables(std::string_view pattern);

  bool empty() const { return pieces_.size() == 1; }
  // `variable` in lower case.
  bool Asks(std::string_view variable) const;
  // Unimplemented for the first variable that is not among `known`.
  absl::Status Check(std::span<const std::string_view> known) const;
  // What the pattern stands for: with each row that has all that it asks for one pattern, sorted, each once, with its
  // values escaped. Without variables the pattern itself.
  std::vector<std::string> Expand(const std::vector<VariableRow>& rows, EscapeValue escape = &EscapedForGlob) const;

 private:
  std::vector<std::string> pieces_;  // text and variables in turn
};

}  // namespace hozen

#endif  // HOZEN_AGENT_ACQUIRE_PATTERN_VARIABLES_H_
