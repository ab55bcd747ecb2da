#include "collector/service/hunt_service.h"

#include "collector/service/admit.h"
#include "collector/service/hunting.h"
#include "proto/hozen/v1/hunt.grpc.pb.h"

namespace hozen {
namespace {

class HuntService final : public v1::Hunts::Service {
 public:
  HuntService(ServiceContext context, Hunts& hunts) : context_(context), hunting_(context, hunts) {}

  grpc::Status StartHunt(grpc::ServerContext* call, const v1::StartHuntRequest* request, v1::Hunt* response) override {
    return Answer(*call, context_, response, [&](const Caller& caller) { return hunting_.Start(caller, *request); });
  }
  grpc::Status RetryHunt(grpc::ServerContext* call, const v1::RetryHuntRequest* request,
                         v1::RetryHuntResponse* response) override {
    return Answer(*call, context_, response, [&](const Caller& caller) { return hunting_.Retry(caller, *request); });
  }
  grpc::Status StopHunt(grpc::ServerContext* call, const v1::StopHuntRequest* request,
                        v1::StopHuntResponse* response) override {
    return Answer(*call, context_, response, [&](const Caller& caller) { return hunting_.Stop(caller, *request); });
  }
  grpc::Status ListHunts(grpc::ServerContext* call, const v1::ListHuntsRequest* request,
                         v1::ListHuntsResponse* response) override {
    return Answer(*call, context_, response, [&](const Caller& caller) { return hunting_.List(caller, *request); });
  }
  grpc::Status GetHunt(grpc::ServerContext* call, const v1::GetHuntRequest* request, v1::Hunt* response) override {
    return Answer(*call, context_, response, [&](const Caller& caller) { return hunting_.Get(caller, *request); });
  }
  grpc::Status WatchHunt(grpc::ServerContext* call, const v1::GetHuntRequest* request,
                         grpc::ServerWriter<v1::Hunt>* writer) override {
    return AnswerStream(*call, context_, [&](const Caller& caller) {
      return hunting_.Watch(
          caller, *request, [&](const v1::Hunt& hunt) { return SendTo(*call, *writer, hunt); },
          [&] { return StillThere(*call); });
    });
  }
  grpc::Status ListHuntHosts(grpc::ServerContext* call, const v1::ListHuntHostsRequest* request,
                             grpc::ServerWriter<v1::HuntHost>* writer) override {
    return AnswerStream(*call, context_, [&](const Caller& caller) {
      return hunting_.ListHosts(caller, *request,
                                [&](const v1::HuntHost& host) { return SendTo(*call, *writer, host); });
    });
  }

 private:
  const ServiceContext context_;
  Hunting hunting_;
};

}  // namespace

std::unique_ptr<grpc::Service> NewHuntService(ServiceContext context, Hunts& hunts) {
  return std::make_unique<HuntService>(context, hunts);
}

}  // namespace hozen
