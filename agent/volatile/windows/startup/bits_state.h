// Jobs of the Background Intelligent Transfer Service.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_BITS_STATE_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_BITS_STATE_H_

#include <vector>

#include "agent/volatile/windows/state_context.h"
#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

// The jobs of all users, of the agent's user alone where it is no administrator; at most 4,096, with at most 4,096
// files each. The service is asked only where it runs already: elsewhere `missing` says so (CAUSE_NOT_FOUND), and its
// jobs are in its database. Takes at most two minutes. Thread-safe.
std::vector<v1::VolatileRecord> BitsRecords(const StateContext& context);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_BITS_STATE_H_
