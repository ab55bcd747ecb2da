#include "core/plan/pattern_states.h"

#include <algorithm>
#include <limits>

namespace hozen {
namespace {
constexpr uint32_t kAny = std::numeric_limits<uint32_t>::max();
using Kind = Glob::Part::Kind;
}  // namespace

PatternStates::PatternStates(const Glob& glob, size_t first_part) : glob_(&glob) { Add(first_part, std::nullopt); }

void PatternStates::Add(size_t part, std::optional<uint32_t> folders_left) {
  if (part >= glob_->parts().size()) return;
  const Glob::Part& what = glob_->parts()[part];
  const uint32_t left = folders_left.value_or(what.max_depth == 0 ? kAny : what.max_depth);
  const auto same = std::find_if(states_.begin(), states_.end(), [&](const State& s) { return s.part == part; });
  if (same == states_.end()) {
    states_.push_back({.part = part, .folders_left = left});
  } else {
    // Whatever can be reached with fewer can be reached with more.
    same->folders_left = std::max(same->folders_left, left);
  }
  if (what.kind == Kind::kRecursive) Add(part + 1, std::nullopt);
}

PatternStates PatternStates::Enter(std::string_view name, bool& matched) const {
  PatternStates next(*glob_);
  matched = false;
  for (const State& state : states_) {
    if (glob_->parts()[state.part].kind == Kind::kRecursive) {
      if (state.folders_left > 0) next.Add(state.part, state.folders_left == kAny ? kAny : state.folders_left - 1);
    } else if (glob_->MatchesPart(state.part, name)) {
      if (state.part + 1 == glob_->parts().size()) matched = true;
      next.Add(state.part + 1, std::nullopt);
    }
  }
  return next;
}

std::optional<std::vector<std::string>> PatternStates::OnlyNames() const {
  std::vector<std::string> names;
  for (const State& state : states_) {
    const Glob::Part& part = glob_->parts()[state.part];
    if (part.kind != Kind::kLiteral) return std::nullopt;
    names.push_back(part.text);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace hozen
