// The gRPC edge of v1::Responder: hosts, orders, and where each acquisition stands.
#ifndef HOZEN_COLLECTOR_SERVICE_RESPONDER_SERVICE_H_
#define HOZEN_COLLECTOR_SERVICE_RESPONDER_SERVICE_H_

#include <memory>

#include "collector/service/service_context.h"

namespace grpc {
class Service;
}  // namespace grpc

namespace hozen {

// Orders are for responders and admins; every operator may look.
// Thread-safe, as gRPC calls it. The caller keeps what `context` refers to until the server that it is registered with
// has shut down.
std::unique_ptr<grpc::Service> NewResponderService(ServiceContext context);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SERVICE_RESPONDER_SERVICE_H_
