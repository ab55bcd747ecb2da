#include "collector/service/responder_service.h"

#include "collector/service/admit.h"
#include "collector/service/ordering.h"
#include "proto/hozen/v1/operators.grpc.pb.h"

namespace hozen {
namespace {

class ResponderService final : public v1::Responder::Service {
 public:
  explicit ResponderService(ServiceContext context) : context_(context), ordering_(context) {}

  grpc::Status ListHosts(grpc::ServerContext* call, const v1::ListHostsRequest* request,
                         v1::ListHostsResponse* response) override {
    return Answer(*call, context_, response,
                  [&](const Caller& caller) { return ordering_.ListHosts(caller, *request); });
  }
  grpc::Status SubmitPlan(grpc::ServerContext* call, const v1::SubmitPlanRequest* request,
                          v1::SubmitPlanResponse* response) override {
    return Answer(*call, context_, response,
                  [&](const Caller& caller) { return ordering_.SubmitPlan(caller, *request); });
  }
  grpc::Status CancelAcquisition(grpc::ServerContext* call, const v1::CancelAcquisitionRequest* request,
                                 v1::CancelAcquisitionResponse* response) override {
    return Answer(*call, context_, response, [&](const Caller& caller) { return ordering_.Cancel(caller, *request); });
  }
  grpc::Status ListAcquisitions(grpc::ServerContext* call, const v1::ListAcquisitionsRequest* request,
                                v1::ListAcquisitionsResponse* response) override {
    return Answer(*call, context_, response, [&](const Caller& caller) { return ordering_.List(caller, *request); });
  }
  grpc::Status GetAcquisition(grpc::ServerContext* call, const v1::GetAcquisitionRequest* request,
                              v1::Acquisition* response) override {
    return Answer(*call, context_, response, [&](const Caller& caller) { return ordering_.Get(caller, *request); });
  }
  grpc::Status WatchAcquisition(grpc::ServerContext* call, const v1::GetAcquisitionRequest* request,
                                grpc::ServerWriter<v1::Acquisition>* writer) override {
    return AnswerStream(*call, context_, [&](const Caller& caller) {
      return ordering_.Watch(
          caller, *request, [&](const v1::Acquisition& acquisition) { return SendTo(*call, *writer, acquisition); },
          [&] { return StillThere(*call); });
    });
  }

 private:
  const ServiceContext context_;
  Ordering ordering_;
};

}  // namespace

std::unique_ptr<grpc::Service> NewResponderService(ServiceContext context) {
  return std::make_unique<ResponderService>(context);
}

}  // namespace hozen
