#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "agent/platform/process_probe.h"

namespace hozen {

std::vector<std::string> ProbeProcess(int32_t pid) {
  std::vector<std::string> answers;
  if (pid <= 0) return answers;  // these name groups
  if (kill(pid, 0) == 0 || errno == EPERM) answers.emplace_back("kill");
  // A buffer that is too small is an answer too (EINVAL): only ESRCH says that there is nobody.
  unsigned long mask[128] = {};
  if (syscall(SYS_sched_getaffinity, pid, sizeof(mask), mask) >= 0 || errno == EINVAL || errno == EPERM) {
    answers.emplace_back("sched_getaffinity");
  }
  if (getpgid(pid) >= 0 || errno == EPERM) answers.emplace_back("getpgid");
  return answers;
}

}  // namespace hozen
