#include "collector/service/hunting.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "collector/service/order_check.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr uint32_t kMostHunts = 1000;
constexpr size_t kMaxSelectionSizeBytes = 1024;
// A thousand a second: more than a collector can begin, and an interval that is not 0.
constexpr uint32_t kMostStartsPerHour = 3'600'000;
constexpr absl::Duration kWatchInterval = absl::Milliseconds(500);

bool IsOver(const v1::Hunt& hunt) {
  return hunt.state() != v1::Hunt::STATE_RUNNING && hunt.tally().running() == 0 && hunt.tally().offered() == 0;
}

}  // namespace

absl::StatusOr<v1::Hunt> Hunting::Start(const Caller& caller, const v1::StartHuntRequest& request) {
  HOZEN_RETURN_IF_ERROR(Authorize(caller, Action::kOrder));
  if (request.limits().starts_per_hour() > kMostStartsPerHour) {
    return absl::InvalidArgumentError(Concat("at most ", kMostStartsPerHour, " hosts can begin in an hour"));
  }
  if (request.selection().size() > kMaxSelectionSizeBytes) {
    return absl::InvalidArgumentError(Concat("a hunt's selection is at most ", kMaxSelectionSizeBytes, " bytes long"));
  }
  HOZEN_ASSIGN_OR_RETURN(const v1::Plan plan, CheckOrder(context_, caller, request.plan()));
  return hunts_.Begin(caller.customer_id, caller.name, request.plan(), plan, request.limits(), request.selection());
}

absl::StatusOr<v1::RetryHuntResponse> Hunting::Retry(const Caller& caller, const v1::RetryHuntRequest& request) {
  HOZEN_RETURN_IF_ERROR(Authorize(caller, Action::kOrder));
  return hunts_.Retry(caller.customer_id, caller.name, request.hunt_id());
}

absl::StatusOr<v1::StopHuntResponse> Hunting::Stop(const Caller& caller, const v1::StopHuntRequest& request) {
  HOZEN_RETURN_IF_ERROR(Authorize(caller, Action::kOrder));
  return hunts_.Stop(caller.customer_id, caller.name, request.hunt_id(), request.cancel_running());
}

absl::StatusOr<v1::ListHuntsResponse> Hunting::List(const Caller& caller, const v1::ListHuntsRequest& request) {
  HOZEN_RETURN_IF_ERROR(Authorize(caller, Action::kReadFleet));
  const uint32_t most = request.most() == 0 ? kMostHunts : std::min(request.most(), kMostHunts);
  HOZEN_ASSIGN_OR_RETURN(std::vector<v1::Hunt> hunts, hunts_.List(caller.customer_id, most));
  v1::ListHuntsResponse response;
  for (v1::Hunt& hunt : hunts) *response.add_hunts() = std::move(hunt);
  return response;
}

absl::StatusOr<v1::Hunt> Hunting::Get(const Caller& caller, const v1::GetHuntRequest& request) {
  HOZEN_RETURN_IF_ERROR(Authorize(caller, Action::kReadFleet));
  return hunts_.Current(caller.customer_id, request.hunt_id());
}

absl::Status Hunting::Watch(const Caller& caller, const v1::GetHuntRequest& request,
                            const std::function<absl::Status(const v1::Hunt&)>& on_change,
                            const std::function<absl::Status()>& poll) {
  std::string given;
  while (true) {
    HOZEN_ASSIGN_OR_RETURN(const v1::Hunt hunt, Get(caller, request));
    if (std::string bytes = hunt.SerializeAsString(); bytes != given) {
      HOZEN_RETURN_IF_ERROR(on_change(hunt));
      given = std::move(bytes);
    }
    if (IsOver(hunt)) return absl::OkStatus();
    HOZEN_RETURN_IF_ERROR(poll());
    absl::SleepFor(kWatchInterval);
  }
}

absl::Status Hunting::ListHosts(const Caller& caller, const v1::ListHuntHostsRequest& request,
                                const std::function<absl::Status(const v1::HuntHost&)>& on_host) {
  HOZEN_RETURN_IF_ERROR(Authorize(caller, Action::kReadFleet));
  HOZEN_ASSIGN_OR_RETURN(const std::vector<v1::HuntHost> hosts, hunts_.Hosts(caller.customer_id, request.hunt_id()));
  for (const v1::HuntHost& host : hosts) {
    const bool wanted = request.states().empty() || std::find(request.states().begin(), request.states().end(),
                                                              host.state()) != request.states().end();
    if (wanted) HOZEN_RETURN_IF_ERROR(on_host(host));
  }
  return absl::OkStatus();
}

}  // namespace hozen
