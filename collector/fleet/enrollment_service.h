// The gRPC edge of v1::Enrollment. Enroll is the only call in the collector that asks for no client certificate.
#ifndef HOZEN_COLLECTOR_FLEET_ENROLLMENT_SERVICE_H_
#define HOZEN_COLLECTOR_FLEET_ENROLLMENT_SERVICE_H_

#include <memory>

#include "collector/catalog/catalog.h"
#include "collector/fleet/enroller.h"
#include "core/base/clock.h"

namespace grpc {
class Service;
}  // namespace grpc

namespace hozen {

// Thread-safe, as gRPC calls it. All must outlive the server that it is registered with.
std::unique_ptr<grpc::Service> NewEnrollmentService(Enroller& enroller, Catalog& catalog, const Clock& clock);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_FLEET_ENROLLMENT_SERVICE_H_
