// What the system on an offline disk says of itself: its people, its variables, its registry.
#ifndef HOZEN_AGENT_RAW_OFFLINE_FACTS_H_
#define HOZEN_AGENT_RAW_OFFLINE_FACTS_H_

#include <memory>
#include <vector>

#include "agent/acquire/tree_provider.h"
#include "agent/raw/offline_system.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

// Of the system whose tree this is; for `found.system` "windows" also fills in its name and version. The tree and the
// volumes must outlive it. What a system that was not recognised is asked for, it says as a Linux without people.
std::unique_ptr<SystemFacts> ReadOfflineFacts(FileTree& tree, const std::vector<OfflineVolume>& volumes,
                                              v1::FoundSystem& found);

}  // namespace hozen

#endif  // HOZEN_AGENT_RAW_OFFLINE_FACTS_H_
