// What the kernel's clocks say.
#ifndef HOZEN_AGENT_PLATFORM_KERNEL_CLOCK_H_
#define HOZEN_AGENT_PLATFORM_KERNEL_CLOCK_H_

#include <cstdint>

namespace hozen {

struct KernelClock {
  int64_t realtime_unix_ns = 0;
  int64_t monotonic_ns = 0;
  int64_t boottime_ns = 0;    // since boot, sleep included
  int64_t ticks_per_s = 100;  // of the times in /proc/PID/stat
};

// Thread-safe. Read one after the other, some hundred nanoseconds apart.
KernelClock ReadKernelClock();

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_KERNEL_CLOCK_H_
