// Path patterns of ForensicArtifacts definitions and of `--path`, over bytes. Format: docs/formats/plan.md.
//   *      any bytes within one part     ?    one byte     [a-z] [!a-z]  one byte of a set
//   **     a whole part: any number of folders, none too    **N  at most N of them
// A device that a path of Windows begins with is one part (core/base/device_root.h); wildcards count in its name.
// A pattern that ends in ** also matches what lies in those folders. There is no escape character: [*] is a star.
#ifndef HOZEN_CORE_PLAN_GLOB_H_
#define HOZEN_CORE_PLAN_GLOB_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace hozen {

// Thread-safe once made.
class Glob {
 public:
  struct Part {
    enum class Kind { kLiteral, kWildcard, kRecursive };
    Kind kind;
    std::string text;        // kLiteral, kWildcard
    uint32_t max_depth = 0;  // kRecursive; 0 = any
  };
  // Parts are split at `separator` ('/' or '\\'); empty parts and "." are dropped. InvalidArgument for "..", a relative
  // pattern, an unclosed [, a NUL byte, **0, over 64 parts, over 4,096 bytes, over 4 recursive parts.
  // A pattern that ends in ** gets a last part *, so that no reader of parts() needs a rule for it.
  static absl::StatusOr<Glob> Parse(std::string_view pattern, char separator, bool ignore_case);

  const std::vector<Part>& parts() const { return parts_; }
  // True where no part is a wildcard.
  bool is_literal() const;
  // Does one name match one kLiteral or kWildcard part? Linear in both, no backtracking explosion.
  bool MatchesPart(size_t part, std::string_view name) const;
  // Does a whole path match?
  bool Matches(std::string_view path) const;

 private:
  std::vector<Part> parts_;
  char separator_ = '/';
  bool ignore_case_ = false;
};

// A simple glob over a whole string, where * also matches separators: what searches use. No set is malformed.
bool MatchesLoosely(std::string_view pattern, std::string_view text);

// The runs of literal bytes in such a pattern, none empty: every text that it matches holds each of them.
std::vector<std::string> LooseLiterals(std::string_view pattern);

}  // namespace hozen

#endif  // HOZEN_CORE_PLAN_GLOB_H_
