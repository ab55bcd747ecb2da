// Carries out a target on a thread of its own, so that a file system that does not answer (a dead server, a FUSE
// program that hangs, a dying disk) holds that thread and not the acquisition: limits fire and the agent stops all the
// same.
#ifndef HOZEN_AGENT_RUN_PATIENT_COLLECT_H_
#define HOZEN_AGENT_RUN_PATIENT_COLLECT_H_

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/acquire/acquire.h"
#include "agent/acquire/item_sink.h"
#include "agent/run/acquisition.h"
#include "proto/hozen/v1/plan.pb.h"

namespace hozen {

struct Patience {
  absl::Duration look = absl::Milliseconds(100);  // how often the sink is asked whether collecting ends
  absl::Duration grace = absl::Seconds(10);       // for a call of the system to return once collecting ends
  // For one in any case. Longer than a volume reader may live, which is silent while it searches.
  absl::Duration silence = absl::Minutes(35);
};

// As `collect`, whose every call into the system may hang. Where collecting ends or the silence is too long, the thread
// that hangs is left behind, holding nothing but what is its own: the sink is not called any more. What it was reading
// ends there (CAUSE_TIMED_OUT); after a silence the outcome is CAUSE_BLOCKED, otherwise the sink's reason is returned.
// The sink's Take is called on the caller's thread, its other functions on the other one, never two at once.
CollectTarget CollectWithPatience(CollectTarget collect, Patience patience = Patience());

}  // namespace hozen

#endif  // HOZEN_AGENT_RUN_PATIENT_COLLECT_H_
