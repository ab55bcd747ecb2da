// Tasks as the task scheduler keeps them in its registry, where it does not list them all.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_CACHED_TASKS_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_CACHED_TASKS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace hozen {

struct CachedTask {
  std::wstring path;  // "\Microsoft\Windows\..."
  std::wstring id;    // "{...}", of its key below TaskCache\Tasks
  // Without one the scheduler neither lists a task nor lets anybody see it, and runs it all the same
  // (https://www.microsoft.com/en-us/security/blog/2022/04/12/tarrask-malware-uses-scheduled-tasks-for-defense-evasion/).
  bool has_security_descriptor = false;
  std::wstring author;
};

// Adds those below HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Schedule\TaskCache\Tree. NotFound
// where the scheduler keeps none there; ResourceExhausted where there are more than 65,536 keys or they are nested more
// than 64 times. Thread-safe.
absl::Status AddCachedTasks(std::vector<CachedTask>& tasks);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_CACHED_TASKS_H_
