// Interfaces with their addresses, neighbours and routes, by rtnetlink.
#ifndef HOZEN_AGENT_VOLATILE_LINUX_NETWORK_NETWORK_STATE_H_
#define HOZEN_AGENT_VOLATILE_LINUX_NETWORK_NETWORK_STATE_H_

#include <vector>

#include "agent/volatile/linux/kernel_files.h"
#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

// Of the namespace that this process is in; a record says how many others there are. At most 65,536 neighbours and so
// many routes.
std::vector<v1::VolatileRecord> NetworkRecords(const KernelFiles& files);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_LINUX_NETWORK_NETWORK_STATE_H_
