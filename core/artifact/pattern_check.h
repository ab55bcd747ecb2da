// Can a pattern of a definition stand in a plan? Only core/artifact uses it.
#ifndef HOZEN_CORE_ARTIFACT_PATTERN_CHECK_H_
#define HOZEN_CORE_ARTIFACT_PATTERN_CHECK_H_

#include <span>
#include <string>
#include <string_view>

namespace hozen {

// Why not, on a system that knows `variables` and is called `os`; empty where it can.
std::string WhyNotPattern(std::string_view pattern, std::string_view separator,
                          std::span<const std::string_view> variables, std::string_view os);

}  // namespace hozen

#endif  // HOZEN_CORE_ARTIFACT_PATTERN_CHECK_H_
