// The gRPC edge of v1::Admin: customers, operators, enrolment tokens.
#ifndef HOZEN_COLLECTOR_SERVICE_ADMIN_SERVICE_H_
#define HOZEN_COLLECTOR_SERVICE_ADMIN_SERVICE_H_

#include <memory>

#include "collector/service/service_context.h"

namespace grpc {
class Service;
}  // namespace grpc

namespace hozen {

// BeginCustomer and FinishCustomer are for service administrators, the rest for a customer's admins.
// Thread-safe, as gRPC calls it. The caller keeps what `context` refers to until the server that it is registered with
// has shut down.
std::unique_ptr<grpc::Service> NewAdminService(ServiceContext context);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SERVICE_ADMIN_SERVICE_H_
