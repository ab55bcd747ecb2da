#include <time.h>
#include <unistd.h>

#include "agent/platform/kernel_clock.h"

namespace hozen {
namespace {

int64_t Now(clockid_t clock) {
  timespec now = {};
  clock_gettime(clock, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

KernelClock ReadKernelClock() {
  KernelClock clock;
  clock.realtime_unix_ns = Now(CLOCK_REALTIME);
  clock.monotonic_ns = Now(CLOCK_MONOTONIC);
  clock.boottime_ns = Now(CLOCK_BOOTTIME);
  if (const long ticks = sysconf(_SC_CLK_TCK); ticks > 0) clock.ticks_per_s = ticks;
  return clock;
}

}  // namespace hozen
