// What the numbers of the task scheduler are called.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_TASK_NAMES_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_TASK_NAMES_H_

#include <cstdint>
#include <string>

namespace hozen {

// Both are thread-safe; a number that has no name is given as a number. Of a TASK_STATE, and of a TASK_TRIGGER_TYPE2:
// "ready", "logon".
std::string TaskStateName(uint32_t state);
std::string TaskTriggerName(uint32_t type);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_TASK_NAMES_H_
