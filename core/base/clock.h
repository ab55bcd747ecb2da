// Time as a dependency, so that tests own it.
#ifndef HOZEN_CORE_BASE_CLOCK_H_
#define HOZEN_CORE_BASE_CLOCK_H_

#include <cstdint>

#include "absl/time/time.h"

namespace hozen {

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // Wall-clock time, for records and deadlines that people set.
  virtual absl::Time Now() const = 0;
  // Never goes back; for rates and waits. Only differences mean anything.
  virtual absl::Duration Monotonic() const = 0;

  int64_t NowUnixNs() const { return absl::ToUnixNanos(Now()); }

  // The system's clock. Lives for ever.
  static const Clock& Real();
};

}  // namespace hozen

#endif  // HOZEN_CORE_BASE_CLOCK_H_
