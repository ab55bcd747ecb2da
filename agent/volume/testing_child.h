// The volume reader that a test has started, by its process.
#ifndef HOZEN_AGENT_VOLUME_TESTING_CHILD_H_
#define HOZEN_AGENT_VOLUME_TESTING_CHILD_H_

#include <sys/types.h>

#include <filesystem>
#include <fstream>

namespace hozen {

// The only child that this process has, whichever of its threads started it; -1 where it has none, and no signal goes
// to anybody.
inline pid_t ChildOfOurs() {
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream children(task.path() / "children");
    if (pid_t pid = 0; children >> pid && pid > 0) return pid;
  }
  return -1;
}

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_TESTING_CHILD_H_
