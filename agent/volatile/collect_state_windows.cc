#include "agent/acquire/failure.h"
#include "agent/volatile/collect_state.h"
#include "core/plan/state_kinds.h"

namespace hozen {

absl::StatusOr<v1::TargetOutcome> CollectState(const v1::Target& target, const AcquireOptions& options,
                                               ItemSink& /*sink*/) {
  v1::TargetOutcome outcome;
  outcome.set_target_index(options.target_index);
  outcome.set_artifact(target.artifact());
  outcome.set_pattern(StateItemPath(target.state().kind()));
  *outcome.mutable_failure() =
      MakeFailure(v1::CAUSE_NOT_SUPPORTED, "this agent does not collect the volatile state of a Windows yet");
  return outcome;
}

}  // namespace hozen
