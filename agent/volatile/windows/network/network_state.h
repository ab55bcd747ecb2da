// Interfaces with their addresses, neighbours and routes, by the IP Helper functions.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_NETWORK_NETWORK_STATE_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_NETWORK_NETWORK_STATE_H_

#include <vector>

#include "agent/volatile/windows/state_context.h"
#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

// Interfaces, then neighbours (ARP and neighbour discovery), then routes, of IPv4 and IPv6; at most 65,536 of each. The
// tables are the system's own: nothing is sent. Thread-safe.
std::vector<v1::VolatileRecord> NetworkRecords(const StateContext& context);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_NETWORK_NETWORK_STATE_H_
