// The limits of a plan as this host keeps them.
#ifndef HOZEN_AGENT_RUN_LIMITS_H_
#define HOZEN_AGENT_RUN_LIMITS_H_

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "agent/run/ending.h"
#include "agent/upload/token_bucket.h"
#include "core/base/clock.h"
#include "proto/hozen/v1/agent_state.pb.h"
#include "proto/hozen/v1/plan.pb.h"

namespace hozen {

// The plan's limits, each where local policy has a tighter one, that one.
v1::Limits NarrowedLimits(const v1::Limits& plan, const v1::LocalPolicy& policy);

// Keeps the deadline, the CPU share and the read rate of whoever calls it before each piece of work: by waiting, or by
// ending the acquisition. Thread-compatible.
class Pace {
 public:
  using CpuTime = std::function<absl::Duration()>;  // that this process has used so far

  // `clock` and `ending` must outlive it.
  Pace(const v1::Limits& limits, const Clock& clock, Ending& ending, CpuTime cpu_time);

  // OK, or why collecting ends.
  absl::Status Poll();
  // As Poll, for what is about to be read.
  absl::Status BeforeRead(uint64_t bytes);
  // As BeforeRead, for what is still to be read after the acquisition was ended early, by whatever but its deadline:
  // DeadlineExceeded once that has passed, otherwise why delivering ends.
  absl::Status BeforeReadPastEarlyEnd(uint64_t bytes);

  absl::Time deadline() const { return deadline_; }

 private:
  absl::Duration CpuDebt();

  const absl::Time deadline_;
  const double cpu_share_;  // of one core; 0 = no limit
  const Clock& clock_;
  Ending& ending_;
  const CpuTime cpu_time_;
  TokenBucket cpu_;
  TokenBucket reads_;
  absl::Duration cpu_seen_;
};

// Ends the acquisition where its deadline has passed.
void CheckDeadline(absl::Time deadline, const Clock& clock, Ending& ending);

}  // namespace hozen

#endif  // HOZEN_AGENT_RUN_LIMITS_H_
