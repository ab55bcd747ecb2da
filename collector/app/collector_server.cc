#include "collector/app/collector_server.h"

#include <grpc/grpc_security_constants.h>
#include <grpc/impl/codegen/log.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "collector/access/customers.h"
#include "collector/catalog/sqlite_catalog.h"
#include "collector/fleet/agent_control_service.h"
#include "collector/fleet/enroller.h"
#include "collector/fleet/enrollment_service.h"
#include "collector/fleet/fleet.h"
#include "collector/fleet/hunts.h"
#include "collector/ingest/committer.h"
#include "collector/ingest/evidence_ingest_service.h"
#include "collector/search/index_worker.h"
#include "collector/search/indexer.h"
#include "collector/search/search_indexes.h"
#include "collector/service/admin_service.h"
#include "collector/service/analyst_service.h"
#include "collector/service/hunt_service.h"
#include "collector/service/responder_service.h"
#include "collector/service/search_service.h"
#include "collector/service/service_context.h"
#include "collector/service/stream_slots.h"
#include "core/base/concat.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr unsigned kFolderMode = 0700;
// A plan of kMaxPlanSizeBytes in its envelope; a chunk is far smaller. UploadSession and the sessions bound their own.
constexpr int kMaxMessageSizeBytes = 5 << 20;
// What gRPC itself may hold in buffers, over all connections.
constexpr size_t kBufferBytes = size_t{512} << 20;
// One for each call of a service that blocks: uploads, exports, watchers.
constexpr int kMaxThreads = 512;
constexpr int kConnectionStreams = 100;
constexpr unsigned kCertificateWatchS = 60;

// gRPC's own lines in our log, as one line each.
void LogForGrpc(gpr_log_func_args* args) {
  const Severity severity = args->severity == GPR_LOG_SEVERITY_ERROR ? Severity::kWarning : Severity::kDebug;
  Log(severity, Concat("grpc: ", std::string_view(args->message)));
}

std::shared_ptr<grpc::ServerCredentials> Credentials(const DataFolder& data) {
  // Reads the files again when they change: a renewed certificate needs no restart.
  const auto provider = std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      data.server_key().native(), data.server_certificate().native(), data.root_certificate().native(),
      kCertificateWatchS);
  grpc::experimental::TlsServerCredentialsOptions options(provider);
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  // Enrolment has no certificate yet; every other call asks for a Caller.
  options.set_cert_request_type(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  return grpc::experimental::TlsServerCredentials(options);
}

void SetBounds(grpc::ServerBuilder& builder) {
  grpc::ResourceQuota quota("hozen-collector");
  quota.Resize(kBufferBytes);
  quota.SetMaxThreads(kMaxThreads);
  builder.SetResourceQuota(quota);
  builder.SetMaxReceiveMessageSize(kMaxMessageSizeBytes);
  // A second server on our port must be refused, not share it.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kConnectionStreams);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 20'000);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, 15 * 60'000);
  // Links die without a word; agents are allowed to ask too.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5'000);
}

CustomersOptions CustomersIn(const DataFolder& data, const CollectorServerOptions& options) {
  CustomersOptions customers;
  customers.folder = data.customers();
  customers.reserve_bytes = options.reserve_bytes;
  customers.quota_bytes = options.quota_bytes;
  return customers;
}

// Silence is what six heartbeats would have ended, so that one that is late ends no session.
AgentControlOptions ControlOf(const CollectorServerOptions& options) {
  AgentControlOptions control;
  control.silence_timeout = std::max(control.silence_timeout, 6 * options.heartbeat_interval);
  return control;
}

class WiredServer final : public CollectorServer {
 public:
  WiredServer(const CollectorServerOptions& options, DataFolder data, std::unique_ptr<Catalog> catalog,
              const Clock& clock)
      : clock_(clock),
        data_(std::move(data)),
        catalog_(std::move(catalog)),
        customers_(CustomersIn(data_, options), data_.root(), *catalog_, clock_),
        fleet_(customers_, *catalog_, clock_),
        hunts_(customers_, *catalog_, fleet_, clock_),
        enroller_(customers_, *catalog_, fleet_, clock_),
        search_indexes_(data_.customers()),
        indexer_(customers_, *catalog_, search_indexes_),
        index_worker_(indexer_, *catalog_),
        committer_(customers_, *catalog_, fleet_, clock_,
                   [this](std::string_view customer_id) { index_worker_.Notify(customer_id); }),
        control_(AgentControlService::Create(ControlOf(options), fleet_, enroller_, *catalog_, clock_)) {
    fleet_.SetHeartbeatInterval(options.heartbeat_interval);
    const ServiceContext context{customers_, *catalog_, fleet_, data_.root(), clock_, &streams_};
    services_.push_back(NewEnrollmentService(enroller_, *catalog_, clock_));
    services_.push_back(NewEvidenceIngestService({}, customers_, *catalog_, fleet_, committer_, clock_));
    services_.push_back(NewAdminService(context));
    services_.push_back(NewResponderService(context));
    services_.push_back(NewAnalystService(context));
    services_.push_back(NewSearchService(context, search_indexes_));
    services_.push_back(NewHuntService(context, hunts_));
    fleet_.SetWatcher(&hunts_);
  }

  ~WiredServer() override { Stop(absl::ZeroDuration()); }

  // What an earlier process left under way; once, before Listen.
  absl::Status Resume() {
    HOZEN_RETURN_IF_ERROR(hunts_.Resume());
    hunts_.Start();
    return absl::OkStatus();
  }

  absl::Status Listen(const std::string& address) {
    if (const absl::Status renewed = data_.RenewServerCertificate(clock_); !renewed.ok()) {
      // A full disk must not keep those out who could make room, and the certificate of the last start lasts a year.
      std::error_code error;
      if (!absl::IsResourceExhausted(renewed) || !std::filesystem::exists(data_.server_certificate(), error)) {
        return renewed;
      }
      Log(Severity::kError, Concat("the disk is full: the server's certificate was not renewed, the last one is used "
                                   "error=",
                                   renewed.message()));
    }
    grpc::ServerBuilder builder;
    SetBounds(builder);
    builder.AddListeningPort(address, Credentials(data_), &port_);
    builder.RegisterService(control_->service());
    for (const std::unique_ptr<grpc::Service>& service : services_) builder.RegisterService(service.get());
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || port_ == 0) {
      return absl::UnavailableError(
          Concat("cannot listen at ", address,
                 ": another program has the port, or the address is not this machine's; `ss -ltnp` shows who listens"));
    }
    return absl::OkStatus();
  }

  int port() const override { return port_; }

  absl::Status RenewCertificate() override { return data_.RenewServerCertificate(clock_); }

  void Stop(absl::Duration patience) override {
    if (server_ == nullptr) return;
    control_->Drain();
    server_->Shutdown(std::chrono::system_clock::now() + absl::ToChronoNanoseconds(patience));
    server_->Wait();
    server_.reset();
  }

 private:
  const Clock& clock_;
  // In the order in which they stand on each other; the server goes first.
  const DataFolder data_;
  const std::unique_ptr<Catalog> catalog_;
  Customers customers_;
  Fleet fleet_;
  Hunts hunts_;
  Enroller enroller_;
  SearchIndexes search_indexes_;
  Indexer indexer_;
  IndexWorker index_worker_;
  Committer committer_;
  const std::unique_ptr<AgentControlService> control_;
  StreamSlots streams_;
  std::vector<std::unique_ptr<grpc::Service>> services_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<CollectorServer>> CollectorServer::Start(CollectorServerOptions options, DataFolder data,
                                                                        const Clock& clock) {
  gpr_set_log_function(LogForGrpc);
  HOZEN_RETURN_IF_ERROR(MakeFolders(data.customers(), kFolderMode));
  absl::StatusOr<std::unique_ptr<Catalog>> catalog = OpenSqliteCatalog(data.catalog());
  if (!catalog.ok()) return WithContext(catalog.status(), "opening the catalog");
  auto server = std::make_unique<WiredServer>(options, std::move(data), *std::move(catalog), clock);
  if (const absl::Status resumed = server->Resume(); !resumed.ok()) {
    return WithContext(resumed, "taking up the hunts under way");
  }
  HOZEN_RETURN_IF_ERROR(server->Listen(options.listen));
  return server;
}

}  // namespace hozen
