// What this host is: the inventory that goes into heartbeats and manifests.
#ifndef HOZEN_AGENT_PLATFORM_HOST_FACTS_H_
#define HOZEN_AGENT_PLATFORM_HOST_FACTS_H_

#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

// Thread-safe; reads a few small files each time. What cannot be found out stays empty. agent_version is the caller's
// to fill in.
v1::HostFacts CollectHostFacts();

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_HOST_FACTS_H_
