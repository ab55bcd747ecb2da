// The collector as operators see it: proto/hozen/v1/operators.proto, search.proto and hunt.proto without gRPC.
#ifndef HOZEN_TOOLS_HOZEN_COLLECTOR_H_
#define HOZEN_TOOLS_HOZEN_COLLECTOR_H_

#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/hozen/v1/hunt.pb.h"
#include "proto/hozen/v1/operators.pb.h"
#include "proto/hozen/v1/search.pb.h"

namespace hozen {

// Thread class: each implementation says. Calls that are answered with one message end after a minute at the latest
// (DeadlineExceeded); streams have no deadline and end with the first error of their handler, which they return.
// Unavailable where the collector cannot be reached; else the collector's own codes.
class Collector {
 public:
  virtual ~Collector() = default;
  template <typename Message>
  using Handler = std::function<absl::Status(const Message&)>;

  virtual absl::StatusOr<v1::BeginCustomerResponse> BeginCustomer(const v1::BeginCustomerRequest& request) = 0;
  virtual absl::StatusOr<v1::FinishCustomerResponse> FinishCustomer(const v1::FinishCustomerRequest& request) = 0;
  virtual absl::StatusOr<v1::AddOperatorResponse> AddOperator(const v1::AddOperatorRequest& request) = 0;
  virtual absl::Status CreateToken(const v1::CreateTokenRequest& request) = 0;

  virtual absl::StatusOr<v1::ListHostsResponse> ListHosts(const v1::ListHostsRequest& request) = 0;
  virtual absl::StatusOr<v1::SubmitPlanResponse> SubmitPlan(const v1::SubmitPlanRequest& request) = 0;
  virtual absl::Status CancelAcquisition(const v1::CancelAcquisitionRequest& request) = 0;
  virtual absl::StatusOr<v1::ListAcquisitionsResponse> ListAcquisitions(const v1::ListAcquisitionsRequest& request) = 0;
  virtual absl::StatusOr<v1::Acquisition> GetAcquisition(const v1::GetAcquisitionRequest& request) = 0;
  virtual absl::Status WatchAcquisition(const v1::GetAcquisitionRequest& request,
                                        const Handler<v1::Acquisition>& on_change) = 0;

  virtual absl::Status ListItems(const v1::ListItemsRequest& request, const Handler<v1::ItemRow>& on_item) = 0;
  virtual absl::Status ListTargets(const v1::ListTargetsRequest& request,
                                   const Handler<v1::TargetOutcome>& on_target) = 0;
  virtual absl::Status ReadItem(const v1::ReadItemRequest& request, const Handler<v1::StreamPart>& on_part) = 0;
  virtual absl::Status Export(const v1::ExportRequest& request, const Handler<v1::StreamPart>& on_part) = 0;
  virtual absl::Status Verify(const v1::VerifyRequest& request, const Handler<v1::VerifyProgress>& on_progress) = 0;
  virtual absl::StatusOr<v1::GetCustodyResponse> GetCustody(const v1::GetCustodyRequest& request) = 0;
  virtual absl::StatusOr<v1::GetCheckpointResponse> GetCheckpoint(const v1::GetCheckpointRequest& request) = 0;

  virtual absl::Status Find(const v1::FindRequest& request, const Handler<v1::FindAnswer>& on_answer) = 0;
  virtual absl::Status ReadTimeline(const v1::ReadTimelineRequest& request,
                                    const Handler<v1::TimelineAnswer>& on_answer) = 0;

  virtual absl::StatusOr<v1::Hunt> StartHunt(const v1::StartHuntRequest& request) = 0;
  virtual absl::StatusOr<v1::RetryHuntResponse> RetryHunt(const v1::RetryHuntRequest& request) = 0;
  virtual absl::StatusOr<v1::StopHuntResponse> StopHunt(const v1::StopHuntRequest& request) = 0;
  virtual absl::StatusOr<v1::ListHuntsResponse> ListHunts(const v1::ListHuntsRequest& request) = 0;
  virtual absl::StatusOr<v1::Hunt> GetHunt(const v1::GetHuntRequest& request) = 0;
  virtual absl::Status WatchHunt(const v1::GetHuntRequest& request, const Handler<v1::Hunt>& on_change) = 0;
  virtual absl::Status ListHuntHosts(const v1::ListHuntHostsRequest& request, const Handler<v1::HuntHost>& on_host) = 0;
};

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_COLLECTOR_H_
