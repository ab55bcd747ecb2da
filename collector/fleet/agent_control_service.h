// The gRPC edge of v1::AgentControl: one stream for each connected host, and no thread for those that are silent.
#ifndef HOZEN_COLLECTOR_FLEET_AGENT_CONTROL_SERVICE_H_
#define HOZEN_COLLECTOR_FLEET_AGENT_CONTROL_SERVICE_H_

#include <cstddef>
#include <memory>

#include "absl/time/time.h"
#include "collector/catalog/catalog.h"
#include "collector/fleet/enroller.h"
#include "collector/fleet/fleet.h"
#include "core/base/clock.h"

namespace grpc {
class Service;
}  // namespace grpc

namespace hozen {

struct AgentControlOptions {
  int threads = 8;                                      // that work on what agents send
  size_t sessions = 50'000;                             // at one time; more are told to come again
  size_t message_bytes = 256 << 10;                     // of one message of an agent
  size_t queue_bytes = 32 << 20;                        // for an agent that does not read
  absl::Duration hello_timeout = absl::Seconds(30);     // from the connection to Hello
  absl::Duration silence_timeout = absl::Seconds(180);  // without a message: six heartbeats
  absl::Duration write_timeout = absl::Seconds(120);    // for one message to go out
};

// Thread-safe, as gRPC calls it.
class AgentControlService {
 public:
  // References must outlive it. It is destroyed after the server that it is registered with has shut down.
  static std::unique_ptr<AgentControlService> Create(AgentControlOptions options, Fleet& fleet, Enroller& enroller,
                                                     Catalog& catalog, const Clock& clock);
  virtual ~AgentControlService() = default;

  // To register with a server; owned by this.
  virtual grpc::Service* service() = 0;
  // Tells all connected agents to come again later, and those that come from now on.
  virtual void Drain() = 0;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_FLEET_AGENT_CONTROL_SERVICE_H_
