// Orders and where they stand: what responders do, without gRPC.
#ifndef HOZEN_COLLECTOR_SERVICE_ORDERING_H_
#define HOZEN_COLLECTOR_SERVICE_ORDERING_H_

#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "collector/access/caller.h"
#include "collector/service/service_context.h"
#include "proto/hozen/v1/operators.pb.h"

namespace hozen {

// Thread-safe. Every call asks first whether the caller may (PermissionDenied), and sees only the caller's customer.
class Ordering {
 public:
  explicit Ordering(ServiceContext context) : context_(context) {}

  absl::StatusOr<v1::ListHostsResponse> ListHosts(const Caller& caller, const v1::ListHostsRequest& request);
  // What VerifyPlan says of the plan; PermissionDenied where the caller is not its author; NotFound, naming it, for a
  // host that is not there; AlreadyExists for a plan submitted before.
  absl::StatusOr<v1::SubmitPlanResponse> SubmitPlan(const Caller& caller, const v1::SubmitPlanRequest& request);
  absl::StatusOr<v1::CancelAcquisitionResponse> Cancel(const Caller& caller,
                                                       const v1::CancelAcquisitionRequest& request);
  absl::StatusOr<v1::ListAcquisitionsResponse> List(const Caller& caller, const v1::ListAcquisitionsRequest& request);
  absl::StatusOr<v1::Acquisition> Get(const Caller& caller, const v1::GetAcquisitionRequest& request);
  // Gives the acquisition now and after each change to `on_change`, until it has ended. An error from `on_change` or
  // `poll`, which is asked at least every second, ends it and comes back as it is.
  absl::Status Watch(const Caller& caller, const v1::GetAcquisitionRequest& request,
                     const std::function<absl::Status(const v1::Acquisition&)>& on_change,
                     const std::function<absl::Status()>& poll);

 private:
  const ServiceContext context_;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SERVICE_ORDERING_H_
