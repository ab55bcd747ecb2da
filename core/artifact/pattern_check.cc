#include "core/artifact/pattern_check.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/plan/plan.h"

namespace hozen {

std::string WhyNotPattern(std::string_view pattern, std::string_view separator,
                          std::span<const std::string_view> variables, std::string_view os) {
  size_t begin = 0, end = 0;
  while ((begin = pattern.find("%%", end)) != std::string_view::npos) {
    end = pattern.find("%%", begin + 2);
    if (end == std::string_view::npos) break;
    const std::string variable = absl::AsciiStrToLower(AbslView(pattern.substr(begin + 2, end - begin - 2)));
    end += 2;
    if (std::find(variables.begin(), variables.end(), variable) == variables.end()) {
      return Concat("\"", Printable(pattern), "\" needs %%", Printable(variable), "%%, which ", os, " does not have");
    }
  }
  const absl::Status status = CheckPattern(pattern, separator);
  return status.ok() ? "" : Concat("its pattern cannot be followed: ", StdView(status.message()));
}

}  // namespace hozen
