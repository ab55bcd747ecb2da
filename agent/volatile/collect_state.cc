#include "agent/volatile/collect_state.h"

#include "agent/acquire/borders.h"
#include "agent/acquire/failure.h"
#include "agent/volatile/system_state.h"
#include "core/base/status_macros.h"
#include "core/plan/state_kinds.h"

namespace hozen {

absl::StatusOr<v1::TargetOutcome> CollectState(const v1::Target& target, const AcquireOptions& options,
                                               ItemSink& sink) {
  v1::TargetOutcome outcome;
  outcome.set_target_index(options.target_index);
  outcome.set_artifact(target.artifact());
  outcome.set_pattern(StateItemPath(target.state().kind()));
  const absl::StatusOr<Borders> borders = Borders::Create(
      {.refused_paths = options.refused_paths, .state_folder = options.state_folder, .root = options.root});
  if (!borders.ok()) {
    *outcome.mutable_failure() = FailureOf(borders.status());
    if (absl::IsInvalidArgument(borders.status())) outcome.mutable_failure()->set_cause(v1::CAUSE_REFUSED_BY_POLICY);
    return outcome;
  }
  HOZEN_RETURN_IF_ERROR(sink.Poll());
  HOZEN_RETURN_IF_ERROR(TakeSystemState(target.state().kind(), *borders, options, sink, outcome));
  return outcome;
}

}  // namespace hozen
