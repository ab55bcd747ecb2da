// Back-pressure counted in bytes: what may be in memory, or under way, at one time.
#ifndef HOZEN_CORE_BASE_BYTE_BUDGET_H_
#define HOZEN_CORE_BASE_BYTE_BUDGET_H_

#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace hozen {

// Thread-safe.
class ByteBudget {
 public:
  explicit ByteBudget(uint64_t size_bytes) : size_bytes_(size_bytes) {}

  // Waits until `bytes` are free and takes them. More than the whole budget waits for all of it.
  // Cancelled after Cancel; DeadlineExceeded after `timeout`.
  absl::Status Acquire(uint64_t bytes, absl::Duration timeout);
  void Release(uint64_t bytes);
  // Wakes every waiter; every later Acquire fails.
  void Cancel();
  uint64_t used_bytes() const;

 private:
  const uint64_t size_bytes_;
  mutable absl::Mutex mutex_;
  uint64_t used_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace hozen

#endif  // HOZEN_CORE_BASE_BYTE_BUDGET_H_
