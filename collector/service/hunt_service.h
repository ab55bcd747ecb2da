// The gRPC edge of v1::Hunts: one plan on many hosts.
#ifndef HOZEN_COLLECTOR_SERVICE_HUNT_SERVICE_H_
#define HOZEN_COLLECTOR_SERVICE_HUNT_SERVICE_H_

#include <memory>

#include "collector/fleet/hunts.h"
#include "collector/service/service_context.h"

namespace grpc {
class Service;
}  // namespace grpc

namespace hozen {

// Starting, retrying and stopping are for responders and admins; every operator may look.
// Thread-safe, as gRPC calls it. The caller keeps `hunts` and what `context` refers to until the server that it is
// registered with has shut down.
std::unique_ptr<grpc::Service> NewHuntService(ServiceContext context, Hunts& hunts);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SERVICE_HUNT_SERVICE_H_
