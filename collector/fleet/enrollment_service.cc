#include "collector/fleet/enrollment_service.h"

#include <utility>

#include "absl/status/statusor.h"
#include "collector/access/grpc_caller.h"
#include "proto/hozen/v1/enrollment.grpc.pb.h"

namespace hozen {
namespace {

class EnrollmentService final : public v1::Enrollment::Service {
 public:
  EnrollmentService(Enroller& enroller, Catalog& catalog, const Clock& clock)
      : enroller_(enroller), catalog_(catalog), clock_(clock) {}

  grpc::Status Enroll(grpc::ServerContext* /*context*/, const v1::EnrollRequest* request,
                      v1::EnrollResponse* response) override {
    absl::StatusOr<v1::EnrollResponse> answer = enroller_.Enroll(*request);
    if (!answer.ok()) return ToGrpc(answer.status());
    *response = *std::move(answer);
    return grpc::Status::OK;
  }

  grpc::Status Renew(grpc::ServerContext* context, const v1::RenewRequest* request,
                     v1::RenewResponse* response) override {
    const absl::StatusOr<Caller> caller = CallerOf(*context, catalog_, clock_.Now());
    if (!caller.ok()) return ToGrpc(caller.status());
    absl::StatusOr<v1::RenewResponse> answer = enroller_.Renew(*caller, *request);
    if (!answer.ok()) return ToGrpc(answer.status());
    *response = *std::move(answer);
    return grpc::Status::OK;
  }

 private:
  Enroller& enroller_;
  Catalog& catalog_;
  const Clock& clock_;
};

}  // namespace

std::unique_ptr<grpc::Service> NewEnrollmentService(Enroller& enroller, Catalog& catalog, const Clock& clock) {
  return std::make_unique<EnrollmentService>(enroller, catalog, clock);
}

}  // namespace hozen
