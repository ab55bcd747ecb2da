#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "agent/platform/priority.h"
#include "core/base/status_context.h"

namespace hozen {
namespace {
constexpr int kNice = 10;
// ioprio_set(2) has no wrapper, and the kernel's header for it is no C++ since Linux 6.1.188.
constexpr int kIoprioWhoProcess = 1;
constexpr int kIoprioClassBestEffort = 2;
constexpr int kIoprioClassShift = 13;
// Of 0 to 7. Not the idle class: behind a busy disk it would never read, and deadlines are promises too.
constexpr int kLowestBestEffort = 7;
}  // namespace

absl::Status LowerPriority() {
  errno = 0;
  const int nice_now = getpriority(PRIO_PROCESS, 0);
  if (nice_now == -1 && errno != 0) return ErrnoStatus(errno, "Reading our own priority");
  // A service that was made nicer still stays so.
  if (nice_now < kNice && setpriority(PRIO_PROCESS, 0, kNice) != 0) {
    return ErrnoStatus(errno, "Lowering our own priority");
  }
  if (syscall(SYS_ioprio_set, kIoprioWhoProcess, 0,
              (kIoprioClassBestEffort << kIoprioClassShift) | kLowestBestEffort) != 0) {
    return ErrnoStatus(errno, "Lowering our own I/O priority");
  }
  return absl::OkStatus();
}

}  // namespace hozen
