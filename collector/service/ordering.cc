#include "collector/service/ordering.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "collector/service/order_check.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr uint32_t kMostAcquisitions = 1000;
// How long a watch may sleep without asking whether anyone still wants it.
constexpr absl::Duration kWatchInterval = absl::Milliseconds(500);

}  // namespace

absl::StatusOr<v1::ListHostsResponse> Ordering::ListHosts(const Caller& caller, const v1::ListHostsRequest& request) {
  HOZEN_RETURN_IF_ERROR(Authorize(caller, Action::kReadFleet));
  HOZEN_ASSIGN_OR_RETURN(std::vector<v1::Host> hosts, context_.catalog.ListHosts(caller.customer_id, request.filter()));
  v1::ListHostsResponse response;
  for (v1::Host& host : hosts) {
    host.set_connected(context_.fleet.IsConnected(caller.customer_id, host.host_id()));
    *response.add_hosts() = std::move(host);
  }
  return response;
}

absl::StatusOr<v1::SubmitPlanResponse> Ordering::SubmitPlan(const Caller& caller,
                                                            const v1::SubmitPlanRequest& request) {
  HOZEN_RETURN_IF_ERROR(Authorize(caller, Action::kOrder));
  HOZEN_ASSIGN_OR_RETURN(const v1::Plan plan, CheckOrder(context_, caller, request.plan()));
  for (const std::string& host_id : plan.host_ids()) {
    const absl::Status known = context_.catalog.GetHost(caller.customer_id, host_id).status();
    if (absl::IsNotFound(known)) {
      return absl::NotFoundError(Concat("there is no host ", Printable(host_id), "; hozen hosts lists them"));
    }
    HOZEN_RETURN_IF_ERROR(known);
  }
  HOZEN_ASSIGN_OR_RETURN(std::vector<v1::Acquisition> acquisitions,
                         context_.fleet.Submit(caller.customer_id, caller.name, request.plan(), plan));
  v1::SubmitPlanResponse response;
  for (v1::Acquisition& acquisition : acquisitions) *response.add_acquisitions() = std::move(acquisition);
  return response;
}

absl::StatusOr<v1::CancelAcquisitionResponse> Ordering::Cancel(const Caller& caller,
                                                               const v1::CancelAcquisitionRequest& request) {
  HOZEN_RETURN_IF_ERROR(Authorize(caller, Action::kOrder));
  HOZEN_RETURN_IF_ERROR(context_.fleet.Cancel(caller.customer_id, caller.Actor(), request.acquisition_id()));
  return v1::CancelAcquisitionResponse();
}

absl::StatusOr<v1::ListAcquisitionsResponse> Ordering::List(const Caller& caller,
                                                            const v1::ListAcquisitionsRequest& request) {
  HOZEN_RETURN_IF_ERROR(Authorize(caller, Action::kReadFleet));
  const uint32_t most = request.most() == 0 ? kMostAcquisitions : std::min(request.most(), kMostAcquisitions);
  HOZEN_ASSIGN_OR_RETURN(
      std::vector<v1::Acquisition> rows,
      context_.catalog.ListAcquisitions(caller.customer_id, request.host_id(), request.hunt_id(), most));
  v1::ListAcquisitionsResponse response;
  for (v1::Acquisition& row : rows) {
    if (!Fleet::HasEnded(row.state())) {
      // Newer progress than the catalog's, and deadlines that have passed meanwhile.
      HOZEN_ASSIGN_OR_RETURN(row, context_.fleet.Current(caller.customer_id, row.acquisition_id()));
    }
    *response.add_acquisitions() = std::move(row);
  }
  return response;
}

absl::StatusOr<v1::Acquisition> Ordering::Get(const Caller& caller, const v1::GetAcquisitionRequest& request) {
  HOZEN_RETURN_IF_ERROR(Authorize(caller, Action::kReadFleet));
  return context_.fleet.Current(caller.customer_id, request.acquisition_id());
}

absl::Status Ordering::Watch(const Caller& caller, const v1::GetAcquisitionRequest& request,
                             const std::function<absl::Status(const v1::Acquisition&)>& on_change,
                             const std::function<absl::Status()>& poll) {
  HOZEN_ASSIGN_OR_RETURN(v1::Acquisition acquisition, Get(caller, request));
  HOZEN_RETURN_IF_ERROR(on_change(acquisition));
  std::string given = acquisition.SerializeAsString();
  uint64_t seen_version = 0;
  while (!Fleet::HasEnded(acquisition.state())) {
    HOZEN_RETURN_IF_ERROR(poll());
    HOZEN_ASSIGN_OR_RETURN(
        auto now, context_.fleet.Watch(caller.customer_id, request.acquisition_id(), seen_version, kWatchInterval));
    acquisition = std::move(now.first);
    seen_version = now.second;
    // A deadline can pass without anyone telling, so the version alone says too little.
    std::string bytes = acquisition.SerializeAsString();
    if (bytes == given) continue;
    HOZEN_RETURN_IF_ERROR(on_change(acquisition));
    given = std::move(bytes);
  }
  return absl::OkStatus();
}

}  // namespace hozen
