// Which room carries out which kind of target.
#ifndef HOZEN_AGENT_RUN_COLLECT_TARGET_H_
#define HOZEN_AGENT_RUN_COLLECT_TARGET_H_

#include <memory>

#include "absl/status/statusor.h"
#include "agent/acquire/acquire.h"
#include "agent/acquire/item_sink.h"
#include "agent/acquire/tree_provider.h"
#include "agent/run/runner.h"
#include "proto/hozen/v1/plan.pb.h"

namespace hozen {

// A kind that this agent does not know is an outcome with CAUSE_NOT_SUPPORTED.
absl::StatusOr<v1::TargetOutcome> CollectByKind(const v1::Target& target, const AcquireOptions& options,
                                                ItemSink& sink);

// The trees beside the running system that a plan's targets look in, as far as this host's policy allows.
std::shared_ptr<TreeProvider> TreesOf(const v1::Plan& plan, const RunnerOptions& options);

}  // namespace hozen

#endif  // HOZEN_AGENT_RUN_COLLECT_TARGET_H_
