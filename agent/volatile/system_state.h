// The part of CollectState that each system has for itself: its kinds of state.
#ifndef HOZEN_AGENT_VOLATILE_SYSTEM_STATE_H_
#define HOZEN_AGENT_VOLATILE_SYSTEM_STATE_H_

#include "absl/status/status.h"
#include "agent/acquire/acquire.h"
#include "agent/acquire/borders.h"
#include "agent/acquire/item_sink.h"
#include "proto/hozen/v1/plan.pb.h"

namespace hozen {

// Asks for a kind and gives the sink what that yields, unless an earlier run has. `outcome` has its pattern, which is
// the item's path; added are how many items matched, and the failure where there is one, also where this system has no
// such kind. Errors are the sink's alone. `borders` are of the same `options`.
absl::Status TakeSystemState(v1::Target::VolatileState::Kind kind, const Borders& borders,
                             const AcquireOptions& options, ItemSink& sink, v1::TargetOutcome& outcome);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_SYSTEM_STATE_H_
