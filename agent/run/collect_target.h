// Which room carries out which kind of target.
#ifndef HOZEN_AGENT_RUN_COLLECT_TARGET_H_
#define HOZEN_AGENT_RUN_COLLECT_TARGET_H_

#include "absl/status/statusor.h"
#include "agent/acquire/acquire.h"
#include "agent/acquire/item_sink.h"
#include "proto/hozen/v1/plan.pb.h"

namespace hozen {

// A kind that this agent does not know is an outcome with CAUSE_NOT_SUPPORTED.
absl::StatusOr<v1::TargetOutcome> CollectByKind(const v1::Target& target, const AcquireOptions& options,
                                                ItemSink& sink);

}  // namespace hozen

#endif  // HOZEN_AGENT_RUN_COLLECT_TARGET_H_
