// Hunts as operators see them, without gRPC.
#ifndef HOZEN_COLLECTOR_SERVICE_HUNTING_H_
#define HOZEN_COLLECTOR_SERVICE_HUNTING_H_

#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "collector/access/caller.h"
#include "collector/fleet/hunts.h"
#include "collector/service/service_context.h"
#include "proto/hozen/v1/hunt.pb.h"

namespace hozen {

// Thread-safe. Every call asks first whether the caller may (PermissionDenied), and sees only the caller's customer.
class Hunting {
 public:
  // `hunts` and what `context` refers to must outlive it.
  Hunting(ServiceContext context, Hunts& hunts) : context_(context), hunts_(hunts) {}

  // As Ordering::SubmitPlan; InvalidArgument for limits or a selection that make no sense.
  absl::StatusOr<v1::Hunt> Start(const Caller& caller, const v1::StartHuntRequest& request);
  absl::StatusOr<v1::RetryHuntResponse> Retry(const Caller& caller, const v1::RetryHuntRequest& request);
  absl::StatusOr<v1::StopHuntResponse> Stop(const Caller& caller, const v1::StopHuntRequest& request);

  absl::StatusOr<v1::ListHuntsResponse> List(const Caller& caller, const v1::ListHuntsRequest& request);
  absl::StatusOr<v1::Hunt> Get(const Caller& caller, const v1::GetHuntRequest& request);
  // Calls `on_change` now and after each change, until the hunt has ended and none of its hosts is at work. `poll` is
  // asked now and then; its error ends the watch, and so does that of `on_change`.
  absl::Status Watch(const Caller& caller, const v1::GetHuntRequest& request,
                     const std::function<absl::Status(const v1::Hunt&)>& on_change,
                     const std::function<absl::Status()>& poll);
  absl::Status ListHosts(const Caller& caller, const v1::ListHuntHostsRequest& request,
                         const std::function<absl::Status(const v1::HuntHost&)>& on_host);

 private:
  const ServiceContext context_;
  Hunts& hunts_;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SERVICE_HUNTING_H_
