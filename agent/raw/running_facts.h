// What the running system says of itself, where patterns need more of it than its users' homes: a Windows.
#ifndef HOZEN_AGENT_RAW_RUNNING_FACTS_H_
#define HOZEN_AGENT_RAW_RUNNING_FACTS_H_

#include <memory>

#include "agent/acquire/tree_provider.h"
#include "agent/raw/host_volumes.h"

namespace hozen {

// Null on Linux. `volumes` may be null, where the host's policy has no disks read, and outlives it: through them the
// hives of people are read who are not logged on, so that the system has none of theirs.
std::unique_ptr<SystemFacts> ReadRunningFacts(HostVolumes* volumes);

}  // namespace hozen

#endif  // HOZEN_AGENT_RAW_RUNNING_FACTS_H_
