// FileMask and Path of KAPE targets as patterns of plans (docs/formats/kape.md). Pure functions.
#ifndef HOZEN_CORE_ARTIFACT_KAPE_MASK_H_
#define HOZEN_CORE_ARTIFACT_KAPE_MASK_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace hozen {

// A name with * and ? as a pattern's part: KAPE knows no sets and no **.
std::string KapeGlob(std::string_view glob);

// The parts that together match the names that `mask` does: all where it is empty, one for a name with * and ?, some
// for `regex:...`. InvalidArgument says what of a regular expression patterns cannot say, or that it would take too
// many of them.
absl::StatusOr<std::vector<std::string>> KapeMaskPatterns(std::string_view mask);

}  // namespace hozen

#endif  // HOZEN_CORE_ARTIFACT_KAPE_MASK_H_
