#include "core/plan/glob.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "core/base/concat.h"
#include "core/base/device_root.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr size_t kMaxPatternSizeBytes = 4096;
constexpr size_t kMaxParts = 64;
constexpr int kMaxRecursiveParts = 4;
constexpr uint32_t kMaxRecursion = 4096;

char Fold(char c, bool ignore_case) { return ignore_case ? absl::ascii_tolower(static_cast<unsigned char>(c)) : c; }

// The index of the ] that closes the set opened at `open`; npos where none does. A ] that stands first is a member.
size_t SetEnd(std::string_view pattern, size_t open) {
  size_t first = open + 1;
  if (first < pattern.size() && pattern[first] == '!') ++first;
  return first < pattern.size() ? pattern.find(']', first + 1) : std::string_view::npos;
}

bool SetHolds(std::string_view members, char c) {
  const auto byte = static_cast<unsigned char>(c);
  for (size_t i = 0; i < members.size(); ++i) {
    const auto low = static_cast<unsigned char>(members[i]);
    if (i + 2 < members.size() && members[i + 1] == '-') {
      if (low <= byte && byte <= static_cast<unsigned char>(members[i + 2])) return true;
      i += 2;
    } else if (low == byte) {
      return true;
    }
  }
  return false;
}

// Does `c` belong to the set between [ and ]?
bool SetMatches(std::string_view members, char c, bool ignore_case) {
  const bool negated = !members.empty() && members.front() == '!';
  if (negated) members.remove_prefix(1);
  bool holds = SetHolds(members, c);
  if (ignore_case && !holds) {
    const auto byte = static_cast<unsigned char>(c);
    holds = SetHolds(members, absl::ascii_tolower(byte)) || SetHolds(members, absl::ascii_toupper(byte));
  }
  return holds != negated;
}

// Matches the one-byte element at pattern[at] against `c`. Returns how much of the pattern it took, 0 for no match.
size_t MatchElement(std::string_view pattern, size_t at, char c, bool ignore_case) {
  if (pattern[at] == '?') return 1;
  if (pattern[at] == '[') {
    const size_t end = SetEnd(pattern, at);
    if (end != std::string_view::npos) {
      return SetMatches(pattern.substr(at + 1, end - at - 1), c, ignore_case) ? end + 1 - at : 0;
    }
  }
  return Fold(pattern[at], ignore_case) == Fold(c, ignore_case) ? 1 : 0;
}

// Only the last star ever needs to take more: what stood before it has matched as early as it can, so the work is at
// most the product of the two lengths.
bool MatchWildcard(std::string_view pattern, std::string_view text, bool ignore_case) {
  size_t p = 0, t = 0;
  size_t after_star = std::string_view::npos, star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      after_star = ++p;
      star_text = t;
      continue;
    }
    if (const size_t taken = p < pattern.size() ? MatchElement(pattern, p, text[t], ignore_case) : 0; taken > 0) {
      p += taken;
      ++t;
      continue;
    }
    if (after_star == std::string_view::npos) return false;
    p = after_star;
    t = ++star_text;
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

absl::Status CheckSets(std::string_view part) {
  for (size_t i = part.find('['); i != std::string_view::npos; i = part.find('[', i)) {
    const size_t end = SetEnd(part, i);
    if (end == std::string_view::npos) {
      return absl::InvalidArgumentError(
          Concat("\"", Printable(part), "\" has a [ without its ]; write [[] for the character itself"));
    }
    i = end + 1;
  }
  return absl::OkStatus();
}

absl::StatusOr<Glob::Part> ParseRecursive(std::string_view part) {
  Glob::Part parsed{Glob::Part::Kind::kRecursive, "", 0};
  if (part.size() == 2) return parsed;
  if (!absl::SimpleAtoi(AbslView(part.substr(2)), &parsed.max_depth) || parsed.max_depth == 0 ||
      parsed.max_depth > kMaxRecursion) {
    return absl::InvalidArgumentError(
        Concat("\"", Printable(part), "\": the number after ** must be 1 to ", kMaxRecursion));
  }
  return parsed;
}

bool IsRecursive(std::string_view part) {
  return part.substr(0, 2) == "**" && part.find_first_not_of("0123456789", 2) == std::string_view::npos;
}

// `fixed` bytes of it are themselves, whatever they are.
absl::StatusOr<Glob::Part> ParsePart(std::string_view part, size_t fixed) {
  if (part == "..") {
    return absl::InvalidArgumentError("\"..\" in a pattern would lead out of it; write the folder that is meant");
  }
  if (IsRecursive(part)) return ParseRecursive(part);
  HOZEN_RETURN_IF_ERROR(CheckSets(part));
  const bool wild = part.find_first_of("*?[", fixed) != std::string_view::npos;
  return Glob::Part{wild ? Glob::Part::Kind::kWildcard : Glob::Part::Kind::kLiteral, std::string(part), 0};
}

bool IsAbsolute(std::string_view path, char separator) {
  if (!path.empty() && path.front() == separator) return true;
  return separator == '\\' && path.size() >= 3 && absl::ascii_isalpha(static_cast<unsigned char>(path[0])) &&
         path[1] == ':' && path[2] == '\\';
}

// Each of them; of a disk that does not run a volume without a letter is one, "partition-2:".
bool BeginsWithAnyDrive(std::string_view pattern, char separator) {
  return separator == '\\' && (pattern.substr(0, 3) == "*:\\" || pattern.substr(0, 3) == "?:\\");
}

// How much of a path is a device that counts as its first part.
size_t DeviceSize(std::string_view path, char separator) { return separator == '\\' ? DeviceRootSize(path) : 0; }

std::vector<std::string_view> SplitPath(std::string_view path, char separator) {
  std::vector<std::string_view> names;
  if (const size_t device = DeviceSize(path, separator); device > 0) {
    names.push_back(path.substr(0, device));
    path.remove_prefix(device);
  }
  while (!path.empty()) {
    const size_t end = std::min(path.find(separator), path.size());
    const std::string_view name = path.substr(0, end);
    if (!name.empty() && name != ".") names.push_back(name);
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return names;
}

absl::Status CheckWhole(std::string_view pattern, char separator) {
  if (separator != '/' && separator != '\\') {
    return absl::InvalidArgumentError("the separator of a pattern must be / or \\");
  }
  if (pattern.size() > kMaxPatternSizeBytes) {
    return absl::InvalidArgumentError(
        Concat("a pattern may be ", kMaxPatternSizeBytes, " bytes long, this one is ", pattern.size()));
  }
  if (pattern.find('\0') != std::string_view::npos) {
    return absl::InvalidArgumentError("a pattern holds a NUL byte, which no path can");
  }
  if (!IsAbsolute(pattern, separator) && !BeginsWithAnyDrive(pattern, separator)) {
    return absl::InvalidArgumentError(Concat("\"", Printable(pattern), "\" is relative; a pattern starts at the root"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Glob> Glob::Parse(std::string_view pattern, char separator, bool ignore_case) {
  HOZEN_RETURN_IF_ERROR(CheckWhole(pattern, separator));
  Glob glob;
  glob.separator_ = separator;
  glob.ignore_case_ = ignore_case;
  int recursive = 0;
  for (std::string_view text : SplitPath(pattern, separator)) {
    const bool is_device = glob.parts_.empty() && DeviceSize(text, separator) > 0;
    HOZEN_ASSIGN_OR_RETURN(Part part, ParsePart(text, is_device ? DevicePrefixSize(text) : 0));
    if (part.kind == Part::Kind::kRecursive && ++recursive > kMaxRecursiveParts) {
      return absl::InvalidArgumentError(Concat("a pattern may hold ** ", kMaxRecursiveParts, " times at most"));
    }
    if (glob.parts_.size() == kMaxParts) {
      return absl::InvalidArgumentError(Concat("a pattern may have ", kMaxParts, " parts at most"));
    }
    glob.parts_.push_back(std::move(part));
  }
  // What lies in the folders that a last ** names is part of what it asks for.
  if (!glob.parts_.empty() && glob.parts_.back().kind == Part::Kind::kRecursive) {
    glob.parts_.push_back(Part{Part::Kind::kWildcard, "*", 0});
  }
  return glob;
}

bool Glob::is_literal() const {
  return std::all_of(parts_.begin(), parts_.end(), [](const Part& part) { return part.kind == Part::Kind::kLiteral; });
}

bool Glob::MatchesPart(size_t part, std::string_view name) const {
  if (part >= parts_.size()) return false;
  const Part& wanted = parts_[part];
  switch (wanted.kind) {
    case Part::Kind::kRecursive:
      return true;
    case Part::Kind::kWildcard:
      return MatchWildcard(wanted.text, name, ignore_case_);
    case Part::Kind::kLiteral:
      return ignore_case_ ? absl::EqualsIgnoreCase(wanted.text, AbslView(name)) : wanted.text == name;
  }
  return false;
}

bool Glob::Matches(std::string_view path) const {
  if (!IsAbsolute(path, separator_)) return false;
  const std::vector<std::string_view> names = SplitPath(path, separator_);
  // reached[i]: the parts so far can have used up exactly i names. One pass over it per part, whatever the stars.
  std::vector<bool> reached(names.size() + 1, false);
  reached[0] = true;
  for (size_t part = 0; part < parts_.size(); ++part) {
    std::vector<bool> next(names.size() + 1, false);
    if (parts_[part].kind == Part::Kind::kRecursive) {
      const size_t depth = parts_[part].max_depth == 0 ? names.size() : parts_[part].max_depth;
      size_t last = std::string_view::npos;
      for (size_t i = 0; i <= names.size(); ++i) {
        if (reached[i]) last = i;
        next[i] = last != std::string_view::npos && i - last <= depth;
      }
    } else {
      for (size_t i = 0; i < names.size(); ++i) next[i + 1] = reached[i] && MatchesPart(part, names[i]);
    }
    reached = std::move(next);
  }
  return reached[names.size()];
}

bool MatchesLoosely(std::string_view pattern, std::string_view text) { return MatchWildcard(pattern, text, false); }

std::vector<std::string> LooseLiterals(std::string_view pattern) {
  std::vector<std::string> literals;
  std::string run;
  const auto end_run = [&] {
    if (!run.empty()) literals.push_back(std::move(run));
    run.clear();
  };
  for (size_t at = 0; at < pattern.size();) {
    const size_t set_end = pattern[at] == '[' ? SetEnd(pattern, at) : std::string_view::npos;
    if (pattern[at] == '*' || pattern[at] == '?' || set_end != std::string_view::npos) {
      end_run();
      at = set_end == std::string_view::npos ? at + 1 : set_end + 1;
    } else {
      run += pattern[at++];
    }
  }
  end_run();
  return literals;
}

}  // namespace hozen
