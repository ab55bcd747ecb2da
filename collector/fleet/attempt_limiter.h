// Bounds how often something may fail, over all callers, so that guessing gets nowhere.
#ifndef HOZEN_COLLECTOR_FLEET_ATTEMPT_LIMITER_H_
#define HOZEN_COLLECTOR_FLEET_ATTEMPT_LIMITER_H_

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "core/base/clock.h"

namespace hozen {

// Thread-safe. `clock` must outlive it.
class AttemptLimiter {
 public:
  // `burst` failures at once; afterwards one more for every `interval`.
  AttemptLimiter(int burst, absl::Duration interval, const Clock& clock);

  // False while there have been too many failures: do not even look at the attempt.
  bool MayTry();
  void Failed();

 private:
  void Refill() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const double burst_;
  const absl::Duration interval_;
  const Clock& clock_;
  absl::Mutex mutex_;
  double left_ ABSL_GUARDED_BY(mutex_);
  absl::Duration refilled_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_FLEET_ATTEMPT_LIMITER_H_
