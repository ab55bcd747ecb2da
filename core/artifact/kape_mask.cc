#include "core/artifact/kape_mask.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr std::string_view kRegex = "regex:";
constexpr size_t kMaxPatterns = 256;
constexpr size_t kMaxPatternBytes = 512;
constexpr int kMaxGroupDepth = 16;

using Patterns = std::vector<std::string>;

absl::Status CannotSay(std::string_view what) {
  return absl::InvalidArgumentError(Concat("patterns cannot say ", Printable(what)));
}

std::string Literal(char c) { return c == '*' || c == '?' || c == '[' ? std::string{'[', c, ']'} : std::string(1, c); }

// A regular expression as the patterns that match what it does: alternatives are unfolded, which is why their number is
// bounded. Ends are those of the name, as KAPE has it.
class RegexUnfolding {
 public:
  explicit RegexUnfolding(std::string_view regex) : rest_(regex) {}

  absl::StatusOr<Patterns> All() {
    HOZEN_ASSIGN_OR_RETURN(Patterns patterns, Alternatives(0));
    if (!rest_.empty()) return absl::InvalidArgumentError("a ) closes nothing");
    // Two stars that are a whole name would be folders.
    for (std::string& pattern : patterns) {
      pattern.erase(std::unique(pattern.begin(), pattern.end(), [](char a, char b) { return a == '*' && b == '*'; }),
                    pattern.end());
    }
    std::sort(patterns.begin(), patterns.end());
    patterns.erase(std::unique(patterns.begin(), patterns.end()), patterns.end());
    std::erase(patterns, "");  // no file has no name
    return patterns;
  }

 private:
  struct Atom {
    Patterns patterns;
    bool any = false;  // one byte, whichever: with * behind it, it is a star
  };

  absl::StatusOr<Patterns> Alternatives(int depth) {
    if (depth > kMaxGroupDepth) return CannotSay("groups that lie so deep in each other");
    Patterns all;
    while (true) {
      HOZEN_ASSIGN_OR_RETURN(const Patterns one, Sequence(depth));
      all.insert(all.end(), one.begin(), one.end());
      if (all.size() > kMaxPatterns) return TooMany();
      if (!Skip('|')) return all;
    }
  }

  absl::StatusOr<Patterns> Sequence(int depth) {
    Patterns all = {""};
    bool first = true;
    while (!rest_.empty() && rest_.front() != '|' && rest_.front() != ')') {
      // What repeats nothing says nothing; targets begin with it.
      if (std::exchange(first, false) && rest_.front() == '*') {
        rest_.remove_prefix(1);
        continue;
      }
      if (Skip('^')) continue;
      if (rest_.front() == '$' && (rest_.size() == 1 || rest_[1] == ')' || rest_[1] == '|')) {
        rest_.remove_prefix(1);
        continue;
      }
      HOZEN_ASSIGN_OR_RETURN(Atom atom, NextAtom(depth));
      HOZEN_ASSIGN_OR_RETURN(const Patterns repeated, Repeated(std::move(atom)));
      HOZEN_ASSIGN_OR_RETURN(all, Joined(all, repeated));
    }
    return all;
  }

  absl::StatusOr<Atom> NextAtom(int depth) {
    const char c = rest_.front();
    if (c == '[') return Set();
    rest_.remove_prefix(1);
    switch (c) {
      case '.':
        return Atom{{"?"}, true};
      case '(':
        return Group(depth);
      case '\\':
        return Escape();
      case '*':
      case '+':
      case '?':
      case '{':
        return absl::InvalidArgumentError(Concat("a ", std::string(1, c), " repeats nothing"));
      default:
        return Atom{{Literal(c)}};
    }
  }

  absl::StatusOr<Atom> Group(int depth) {
    if (rest_.starts_with("?:")) {
      rest_.remove_prefix(2);
    } else if (rest_.starts_with("?")) {
      return CannotSay("a group that begins with (?");
    }
    HOZEN_ASSIGN_OR_RETURN(Patterns patterns, Alternatives(depth + 1));
    if (!Skip(')')) return absl::InvalidArgumentError("a ( is not closed");
    return Atom{std::move(patterns)};
  }

  absl::StatusOr<Atom> Escape() {
    if (rest_.empty()) return absl::InvalidArgumentError("it ends in a \\");
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (c == 'd') return Atom{{"[0-9]"}};
    if (c == 'D') return Atom{{"[!0-9]"}};
    if (absl::ascii_isalnum(static_cast<unsigned char>(c))) return CannotSay(std::string{'\\', c});
    return Atom{{Literal(c)}};
  }

  // [abc], [^a-z]: the same but for its sign of negation.
  absl::StatusOr<Atom> Set() {
    size_t at = 1;
    const bool negated = at < rest_.size() && rest_[at] == '^';
    if (negated) ++at;
    const size_t end = at < rest_.size() ? rest_.find(']', at + 1) : rest_.npos;
    if (end == rest_.npos) return absl::InvalidArgumentError("a [ is not closed");
    const std::string_view members = rest_.substr(at, end - at);
    rest_.remove_prefix(end + 1);
    if (members.find('\\') != members.npos || members.front() == '!') return CannotSay(Concat("[", members, "]"));
    return Atom{{Concat("[", negated ? "!" : "", members, "]")}};
  }

  absl::StatusOr<Patterns> Repeated(Atom atom) {
    if (Skip('?')) {
      atom.patterns.emplace_back("");
      return atom.patterns;
    }
    const bool star = !rest_.empty() && rest_.front() == '*';
    if (star || (!rest_.empty() && rest_.front() == '+')) {
      rest_.remove_prefix(1);
      Skip('?');  // whether few or many are tried first does not matter for a whole name
      if (!atom.any) return CannotSay(Concat(atom.patterns.front(), star ? "*" : "+", " of a regular expression"));
      return Patterns{star ? "*" : "?*"};
    }
    if (!Skip('{')) return atom.patterns;
    const size_t end = rest_.find('}');
    uint32_t times = 0;
    if (end == rest_.npos || !absl::SimpleAtoi(AbslView(rest_.substr(0, end)), &times) || times > kMaxPatternBytes) {
      return CannotSay("this {...}");
    }
    rest_.remove_prefix(end + 1);
    Patterns all = {""};
    for (uint32_t i = 0; i < times; ++i) {
      HOZEN_ASSIGN_OR_RETURN(all, Joined(all, atom.patterns));
    }
    return all;
  }

  static absl::Status TooMany() {
    return absl::InvalidArgumentError(
        Concat("it would take more than ", kMaxPatterns, " patterns, or longer ones than ", kMaxPatternBytes));
  }

  static absl::StatusOr<Patterns> Joined(const Patterns& left, const Patterns& right) {
    if (left.size() * right.size() > kMaxPatterns) return TooMany();
    Patterns all;
    for (const std::string& begin : left) {
      for (const std::string& end : right) {
        all.push_back(begin + end);
        if (all.back().size() > kMaxPatternBytes) return TooMany();
      }
    }
    return all;
  }

  bool Skip(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string_view rest_;
};

}  // namespace

std::string KapeGlob(std::string_view glob) {
  if (glob.find_first_not_of('*') == glob.npos) return "*";
  std::string pattern;
  for (const char c : glob) pattern += c == '[' ? "[[]" : std::string(1, c);
  return pattern;
}

absl::StatusOr<std::vector<std::string>> KapeMaskPatterns(std::string_view mask) {
  // *.* has been every name since the days when each had a dot.
  if (mask.empty() || mask == "*.*") return Patterns{"*"};
  if (absl::StartsWithIgnoreCase(AbslView(mask), AbslView(kRegex))) {
    return RegexUnfolding(mask.substr(kRegex.size())).All();
  }
  if (mask.find('\\') != mask.npos) return CannotSay("a folder in a mask of names");
  return Patterns{KapeGlob(mask)};
}

}  // namespace hozen
