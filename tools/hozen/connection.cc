#include "tools/hozen/connection.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <string>
#include <utility>

#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "proto/hozen/v1/hunt.grpc.pb.h"
#include "proto/hozen/v1/operators.grpc.pb.h"
#include "proto/hozen/v1/search.grpc.pb.h"

namespace hozen {
namespace {

constexpr std::chrono::seconds kCallDeadline{60};
// The longest single answers are lists of hosts and of acquisitions.
constexpr int kMaxMessageSizeBytes = 64 << 20;

class GrpcCollector : public Collector {
 public:
  GrpcCollector(std::shared_ptr<grpc::Channel> channel, std::string address)
      : address_(std::move(address)),
        admin_(v1::Admin::NewStub(channel)),
        responder_(v1::Responder::NewStub(channel)),
        analyst_(v1::Analyst::NewStub(channel)),
        search_(v1::Search::NewStub(channel)),
        hunts_(v1::Hunts::NewStub(channel)) {}

  absl::StatusOr<v1::BeginCustomerResponse> BeginCustomer(const v1::BeginCustomerRequest& request) override {
    return Call(*admin_, &v1::Admin::Stub::BeginCustomer, request);
  }
  absl::StatusOr<v1::FinishCustomerResponse> FinishCustomer(const v1::FinishCustomerRequest& request) override {
    return Call(*admin_, &v1::Admin::Stub::FinishCustomer, request);
  }
  absl::StatusOr<v1::AddOperatorResponse> AddOperator(const v1::AddOperatorRequest& request) override {
    return Call(*admin_, &v1::Admin::Stub::AddOperator, request);
  }
  absl::Status CreateToken(const v1::CreateTokenRequest& request) override {
    return Call(*admin_, &v1::Admin::Stub::CreateToken, request).status();
  }
  absl::StatusOr<v1::ListHostsResponse> ListHosts(const v1::ListHostsRequest& request) override {
    return Call(*responder_, &v1::Responder::Stub::ListHosts, request);
  }
  absl::StatusOr<v1::SubmitPlanResponse> SubmitPlan(const v1::SubmitPlanRequest& request) override {
    return Call(*responder_, &v1::Responder::Stub::SubmitPlan, request);
  }
  absl::Status CancelAcquisition(const v1::CancelAcquisitionRequest& request) override {
    return Call(*responder_, &v1::Responder::Stub::CancelAcquisition, request).status();
  }
  absl::StatusOr<v1::ListAcquisitionsResponse> ListAcquisitions(const v1::ListAcquisitionsRequest& request) override {
    return Call(*responder_, &v1::Responder::Stub::ListAcquisitions, request);
  }
  absl::StatusOr<v1::Acquisition> GetAcquisition(const v1::GetAcquisitionRequest& request) override {
    return Call(*responder_, &v1::Responder::Stub::GetAcquisition, request);
  }
  absl::Status WatchAcquisition(const v1::GetAcquisitionRequest& request,
                                const Handler<v1::Acquisition>& on_change) override {
    return Stream(*responder_, &v1::Responder::Stub::WatchAcquisition, request, on_change);
  }
  absl::Status ListItems(const v1::ListItemsRequest& request, const Handler<v1::ItemRow>& on_item) override {
    return Stream(*analyst_, &v1::Analyst::Stub::ListItems, request, on_item);
  }
  absl::Status ListTargets(const v1::ListTargetsRequest& request,
                           const Handler<v1::TargetOutcome>& on_target) override {
    return Stream(*analyst_, &v1::Analyst::Stub::ListTargets, request, on_target);
  }
  absl::Status ReadItem(const v1::ReadItemRequest& request, const Handler<v1::StreamPart>& on_part) override {
    return Stream(*analyst_, &v1::Analyst::Stub::ReadItem, request, on_part);
  }
  absl::Status Export(const v1::ExportRequest& request, const Handler<v1::StreamPart>& on_part) override {
    return Stream(*analyst_, &v1::Analyst::Stub::Export, request, on_part);
  }
  absl::Status Verify(const v1::VerifyRequest& request, const Handler<v1::VerifyProgress>& on_progress) override {
    return Stream(*analyst_, &v1::Analyst::Stub::Verify, request, on_progress);
  }
  absl::StatusOr<v1::GetCustodyResponse> GetCustody(const v1::GetCustodyRequest& request) override {
    return Call(*analyst_, &v1::Analyst::Stub::GetCustody, request);
  }
  absl::StatusOr<v1::GetCheckpointResponse> GetCheckpoint(const v1::GetCheckpointRequest& request) override {
    return Call(*analyst_, &v1::Analyst::Stub::GetCheckpoint, request);
  }
  absl::Status Find(const v1::FindRequest& request, const Handler<v1::FindAnswer>& on_answer) override {
    return Stream(*search_, &v1::Search::Stub::Find, request, on_answer);
  }
  absl::Status ReadTimeline(const v1::ReadTimelineRequest& request,
                            const Handler<v1::TimelineAnswer>& on_answer) override {
    return Stream(*search_, &v1::Search::Stub::ReadTimeline, request, on_answer);
  }
  absl::StatusOr<v1::Hunt> StartHunt(const v1::StartHuntRequest& request) override {
    return Call(*hunts_, &v1::Hunts::Stub::StartHunt, request);
  }
  absl::StatusOr<v1::RetryHuntResponse> RetryHunt(const v1::RetryHuntRequest& request) override {
    return Call(*hunts_, &v1::Hunts::Stub::RetryHunt, request);
  }
  absl::StatusOr<v1::StopHuntResponse> StopHunt(const v1::StopHuntRequest& request) override {
    return Call(*hunts_, &v1::Hunts::Stub::StopHunt, request);
  }
  absl::StatusOr<v1::ListHuntsResponse> ListHunts(const v1::ListHuntsRequest& request) override {
    return Call(*hunts_, &v1::Hunts::Stub::ListHunts, request);
  }
  absl::StatusOr<v1::Hunt> GetHunt(const v1::GetHuntRequest& request) override {
    return Call(*hunts_, &v1::Hunts::Stub::GetHunt, request);
  }
  absl::Status WatchHunt(const v1::GetHuntRequest& request, const Handler<v1::Hunt>& on_change) override {
    return Stream(*hunts_, &v1::Hunts::Stub::WatchHunt, request, on_change);
  }
  absl::Status ListHuntHosts(const v1::ListHuntHostsRequest& request, const Handler<v1::HuntHost>& on_host) override {
    return Stream(*hunts_, &v1::Hunts::Stub::ListHuntHosts, request, on_host);
  }

 private:
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(Stub& stub,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                const Request& request) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
    Response response;
    const grpc::Status status = (stub.*method)(&context, request, &response);
    if (!status.ok()) return FromGrpc(status);
    return response;
  }

  template <typename Stub, typename Request, typename Response>
  absl::Status Stream(Stub& stub,
                      std::unique_ptr<grpc::ClientReader<Response>> (Stub::*method)(grpc::ClientContext*,
                                                                                    const Request&),
                      const Request& request, const Handler<Response>& handler) {
    grpc::ClientContext context;
    const std::unique_ptr<grpc::ClientReader<Response>> reader = (stub.*method)(&context, request);
    Response response;
    absl::Status handled;
    while (handled.ok() && reader->Read(&response)) {
      handled = handler(response);
      if (!handled.ok()) context.TryCancel();
    }
    if (!handled.ok()) {
      while (reader->Read(&response)) {
      }
    }
    const grpc::Status status = reader->Finish();
    if (!handled.ok()) return handled;
    return status.ok() ? absl::OkStatus() : FromGrpc(status);
  }

  // The collector's words may hold what a host chose, so they are made safe to show.
  absl::Status FromGrpc(const grpc::Status& status) const {
    const std::string message = Printable(status.error_message());
    switch (status.error_code()) {
      case grpc::StatusCode::UNAVAILABLE:
        return absl::UnavailableError(
            Concat(Say("the collector at ", "コレクタ "), address_, Say(" cannot be reached: ", " に接続できません: "),
                   message,
                   Say(". Is it running, is the address right, and does a firewall let it through?",
                       "。起動しているか、アドレス、ファイアウォールを確認してください")));
      case grpc::StatusCode::DEADLINE_EXCEEDED:
        return absl::DeadlineExceededError(Concat(Say("the collector at ", "コレクタ "), address_,
                                                  Say(" did not answer in time: ", " から時間内に応答がありません: "),
                                                  message));
      default:
        return absl::Status(static_cast<absl::StatusCode>(status.error_code()), message);
    }
  }

  const std::string address_;
  const std::unique_ptr<v1::Admin::Stub> admin_;
  const std::unique_ptr<v1::Responder::Stub> responder_;
  const std::unique_ptr<v1::Analyst::Stub> analyst_;
  const std::unique_ptr<v1::Search::Stub> search_;
  const std::unique_ptr<v1::Hunts::Stub> hunts_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Collector>> ConnectCollector(const v1::Credential& credential) {
  if (credential.collector_address().empty() || credential.collector_name().empty() ||
      credential.collector_root_pem().empty() || credential.private_key_pem().empty() ||
      credential.certificate_chain_pem().empty()) {
    return absl::InvalidArgumentError(AbslView(
        Say("the credential is not complete: it must hold the collector's address, name and root, and a key with its "
            "certificate. Ask for a new one",
            "資格情報が不完全です（コレクタのアドレス・名前・ルート証明書、鍵と証明書が必要です）。再発行を依頼してくだ"
            "さい")));
  }
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = credential.collector_root_pem();
  tls.pem_private_key = credential.private_key_pem();
  tls.pem_cert_chain = credential.certificate_chain_pem();
  grpc::ChannelArguments arguments;
  arguments.SetSslTargetNameOverride(credential.collector_name());
  arguments.SetMaxReceiveMessageSize(kMaxMessageSizeBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageSizeBytes);
  // A proxy in the environment would see only TLS, but a collector is addressed directly.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // A dead link is noticed within a minute and a half also while a stream is silent.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 30'000);
  // Else a collector that is back is noticed only after two minutes, in which an export that broke off waits.
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 5'000);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  return std::make_unique<GrpcCollector>(
      grpc::CreateCustomChannel(credential.collector_address(), grpc::SslCredentials(tls), arguments),
      credential.collector_address());
}

}  // namespace hozen
