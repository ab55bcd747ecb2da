// Scheduled tasks, by the task scheduler and by its registry.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_TASK_STATE_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_TASK_STATE_H_

#include <vector>

#include "agent/volatile/windows/state_context.h"
#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

// Each task of each folder that the scheduler lists, hidden ones too, at most 65,536, with the processes of those that
// run; then those that stand in its registry alone, with a `missing` each (CAUSE_NOT_FOUND). The scheduler is asked
// only where it runs, and for at most five minutes. Thread-safe.
std::vector<v1::VolatileRecord> TaskRecords(const StateContext& context);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_TASK_STATE_H_
