// The targets that ask for volatile state.
#ifndef HOZEN_AGENT_VOLATILE_COLLECT_STATE_H_
#define HOZEN_AGENT_VOLATILE_COLLECT_STATE_H_

#include "absl/status/statusor.h"
#include "agent/acquire/acquire.h"
#include "agent/acquire/item_sink.h"
#include "proto/hozen/v1/plan.pb.h"

namespace hozen {

// Asks the kernel, and it alone: no program of the host's is run, nothing is mounted, no module is loaded. One item of
// KIND_STATE with the records of the target's kind as JSON lines; of KIND_PROCESSES also each executable that was
// deleted or lives in memory only, in full, as an item of KIND_FILE named /proc/PID/exe. The outcome's failure says
// that something of it could not be had; what vanished meanwhile, or what there is none of, is in the records alone.
// Local policy's refused paths hold for every file of /proc, /sys and /run, and for executables by their own names too.
absl::StatusOr<v1::TargetOutcome> CollectState(const v1::Target& target, const AcquireOptions& options, ItemSink& sink);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_COLLECT_STATE_H_
