// The gRPC edge of v1::Analyst: items, streams, bundles, verification, custody. Every access to evidence becomes a
// custody event before the call ends.
#ifndef HOZEN_COLLECTOR_SERVICE_ANALYST_SERVICE_H_
#define HOZEN_COLLECTOR_SERVICE_ANALYST_SERVICE_H_

#include <memory>

#include "collector/service/service_context.h"

namespace grpc {
class Service;
}  // namespace grpc

namespace hozen {

// Evidence is for responders, analysts and admins; custody for every operator.
// Thread-safe, as gRPC calls it. The caller keeps what `context` refers to until the server that it is registered with
// has shut down.
std::unique_ptr<grpc::Service> NewAnalystService(ServiceContext context);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SERVICE_ANALYST_SERVICE_H_
