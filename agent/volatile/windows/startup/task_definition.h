// What a task does, when, and as whom.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_TASK_DEFINITION_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_TASK_DEFINITION_H_

#include "proto/hozen/v1/volatile.pb.h"

struct IRegisteredTask;

namespace hozen {

// Adds what the scheduler says of a task; what it does not say stays absent. In a COM apartment; the task stays the
// caller's.
void DescribeTask(IRegisteredTask& registered, v1::ScheduledTask& task);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_TASK_DEFINITION_H_
