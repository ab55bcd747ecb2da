// The kinds of volatile state that a plan may ask for, by the names that definitions, items and people use.
#ifndef HOZEN_CORE_PLAN_STATE_KINDS_H_
#define HOZEN_CORE_PLAN_STATE_KINDS_H_

#include <string>
#include <string_view>

#include "proto/hozen/v1/plan.pb.h"

namespace hozen {

// All are thread-safe.

// "clock", "hidden_processes"; empty for a kind that this version does not know.
std::string StateKindName(v1::Target::VolatileState::Kind kind);

// KIND_UNSPECIFIED for a name that this version does not know.
v1::Target::VolatileState::Kind StateKindOf(std::string_view name);

// The path of the item with its records: "volatile/clock.jsonl". It is no path of the host's; those are absolute.
std::string StateItemPath(v1::Target::VolatileState::Kind kind);

}  // namespace hozen

#endif  // HOZEN_CORE_PLAN_STATE_KINDS_H_
