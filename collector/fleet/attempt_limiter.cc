#include "collector/fleet/attempt_limiter.h"

#include <algorithm>

namespace hozen {

AttemptLimiter::AttemptLimiter(int burst, absl::Duration interval, const Clock& clock)
    : burst_(burst), interval_(interval), clock_(clock), left_(burst), refilled_(clock.Monotonic()) {}

void AttemptLimiter::Refill() {
  const absl::Duration now = clock_.Monotonic();
  left_ = std::min(burst_, left_ + absl::FDivDuration(now - refilled_, interval_));
  refilled_ = now;
}

bool AttemptLimiter::MayTry() {
  absl::MutexLock lock(&mutex_);
  Refill();
  return left_ >= 1;
}

void AttemptLimiter::Failed() {
  absl::MutexLock lock(&mutex_);
  Refill();
  left_ = std::max(0.0, left_ - 1);
}

}  // namespace hozen
