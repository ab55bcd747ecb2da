// Where in a pattern a walk stands: all the ways in which the path so far may have matched, at once, so that each entry
// is visited and given once however many ** the pattern holds.
#ifndef HOZEN_CORE_PLAN_PATTERN_STATES_H_
#define HOZEN_CORE_PLAN_PATTERN_STATES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/plan/glob.h"

namespace hozen {

// Thread-compatible; a value. The glob must outlive it. At most one state for each part of the glob.
class PatternStates {
 public:
  // In the folder that the parts before `first_part` name.
  PatternStates(const Glob& glob, size_t first_part);

  // After one more name. `matched` becomes whether the path with it matches the whole pattern; the states are those in
  // the folder with that name, empty where nothing in it could match.
  PatternStates Enter(std::string_view name, bool& matched) const;

  bool empty() const { return states_.empty(); }

  // The names that could lead on, where they are few and known, so that the folder need not be listed.
  std::optional<std::vector<std::string>> OnlyNames() const;

 private:
  struct State {
    size_t part;
    uint32_t folders_left;  // of a recursive part
  };
  explicit PatternStates(const Glob& glob) : glob_(&glob) {}
  void Add(size_t part, std::optional<uint32_t> folders_left);

  const Glob* glob_;
  std::vector<State> states_;
};

}  // namespace hozen

#endif  // HOZEN_CORE_PLAN_PATTERN_STATES_H_
