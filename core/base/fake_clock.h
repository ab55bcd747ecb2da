// A clock that stands still until a test moves it.
#ifndef HOZEN_CORE_BASE_FAKE_CLOCK_H_
#define HOZEN_CORE_BASE_FAKE_CLOCK_H_

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "core/base/clock.h"

namespace hozen {

// Thread-safe.
class FakeClock final : public Clock {
 public:
  // 2026-01-01T00:00:00Z unless it is said.
  FakeClock() : FakeClock(absl::FromUnixSeconds(1767225600)) {}
  explicit FakeClock(absl::Time now) : now_(now) {}

  absl::Time Now() const override {
    absl::MutexLock lock(&mutex_);
    return now_;
  }
  absl::Duration Monotonic() const override {
    absl::MutexLock lock(&mutex_);
    return monotonic_;
  }

  // Both clocks go on together.
  void Advance(absl::Duration duration) {
    absl::MutexLock lock(&mutex_);
    now_ += duration;
    monotonic_ += duration;
  }
  // Somebody sets the wall clock, also back; the monotonic one does not notice.
  void SetNow(absl::Time now) {
    absl::MutexLock lock(&mutex_);
    now_ = now;
  }

 private:
  mutable absl::Mutex mutex_;
  absl::Time now_ ABSL_GUARDED_BY(mutex_);
  absl::Duration monotonic_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace hozen

#endif  // HOZEN_CORE_BASE_FAKE_CLOCK_H_
