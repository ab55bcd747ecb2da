// The collector, wired together and listening. The only composition root of the collector's rooms.
#ifndef HOZEN_COLLECTOR_APP_COLLECTOR_SERVER_H_
#define HOZEN_COLLECTOR_APP_COLLECTOR_SERVER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "collector/app/data_folder.h"
#include "core/base/clock.h"

namespace hozen {

struct CollectorServerOptions {
  std::string listen = "0.0.0.0:8443";  // port 0: any that is free
  uint64_t reserve_bytes = uint64_t{256} << 20;
  uint64_t quota_bytes = 0;
  absl::Duration heartbeat_interval = absl::Seconds(30);
};

// Thread-compatible; the calls that it serves come on threads of its own.
class CollectorServer {
 public:
  // Call RequireTls13 before. `clock` must outlive it. Unavailable where it cannot listen at the address; otherwise
  // what the catalog says.
  static absl::StatusOr<std::unique_ptr<CollectorServer>> Start(CollectorServerOptions options, DataFolder data,
                                                                const Clock& clock);
  // As Stop with no time at all.
  virtual ~CollectorServer() = default;

  virtual int port() const = 0;
  // A new certificate for the server, which new connections see within minutes.
  virtual absl::Status RenewCertificate() = 0;
  // Takes no more calls, tells the agents to come again, and waits for the calls under way; what is not done after
  // `patience` is cancelled. What was acknowledged is durable either way.
  virtual void Stop(absl::Duration patience) = 0;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_APP_COLLECTOR_SERVER_H_
