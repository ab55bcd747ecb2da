#include "collector/service/admin_service.h"

#include "collector/service/administration.h"
#include "collector/service/admit.h"
#include "proto/hozen/v1/operators.grpc.pb.h"

namespace hozen {
namespace {

class AdminService final : public v1::Admin::Service {
 public:
  explicit AdminService(ServiceContext context) : context_(context), administration_(context) {}

  grpc::Status BeginCustomer(grpc::ServerContext* call, const v1::BeginCustomerRequest* request,
                             v1::BeginCustomerResponse* response) override {
    return Answer(*call, context_, response,
                  [&](const Caller& caller) { return administration_.BeginCustomer(caller, *request); });
  }
  grpc::Status FinishCustomer(grpc::ServerContext* call, const v1::FinishCustomerRequest* request,
                              v1::FinishCustomerResponse* response) override {
    return Answer(*call, context_, response,
                  [&](const Caller& caller) { return administration_.FinishCustomer(caller, *request); });
  }
  grpc::Status AddOperator(grpc::ServerContext* call, const v1::AddOperatorRequest* request,
                           v1::AddOperatorResponse* response) override {
    return Answer(*call, context_, response,
                  [&](const Caller& caller) { return administration_.AddOperator(caller, *request); });
  }
  grpc::Status CreateToken(grpc::ServerContext* call, const v1::CreateTokenRequest* request,
                           v1::CreateTokenResponse* response) override {
    return Answer(*call, context_, response,
                  [&](const Caller& caller) { return administration_.CreateToken(caller, *request); });
  }

 private:
  const ServiceContext context_;
  Administration administration_;
};

}  // namespace

std::unique_ptr<grpc::Service> NewAdminService(ServiceContext context) {
  return std::make_unique<AdminService>(context);
}

}  // namespace hozen
