// The whole collector over real mutual TLS, as agents and operators see it.
#include "collector/app/collector_server.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "collector/app/data_folder.h"
#include "core/base/concat.h"
#include "core/base/file.h"
#include "core/base/tls_only_1_3.h"
#include "core/chunk/chunk.h"
#include "core/crypto/certificate.h"
#include "core/crypto/key.h"
#include "core/evidence/body.h"
#include "core/evidence/map.h"
#include "core/evidence/trust.h"
#include "core/plan/plan.h"
#include "google/protobuf/util/json_util.h"
#include "proto/hozen/v1/agent_control.grpc.pb.h"
#include "proto/hozen/v1/credential.pb.h"
#include "proto/hozen/v1/enrollment.grpc.pb.h"
#include "proto/hozen/v1/ingest.grpc.pb.h"
#include "proto/hozen/v1/operators.grpc.pb.h"

namespace hozen {
namespace {

constexpr std::chrono::seconds kPatience{30};

std::string FreshFolder() {
  std::string folder = testing::TempDir() + "/collectorXXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) std::abort();
  return folder;
}

// A call's context with a deadline.
std::unique_ptr<grpc::ClientContext> Context() {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(std::chrono::system_clock::now() + kPatience);
  return context;
}

// What one side needs to speak TLS; without key and chain it has no certificate.
struct Identity {
  std::string key_pem;
  std::string chain_pem;
};

class Collector {
 public:
  explicit Collector(CollectorServerOptions options = {}) : folder_(FreshFolder()), options_(std::move(options)) {
    InitOptions init;
    init.folder = folder_;
    init.address = "localhost:0";
    EXPECT_EQ(InitDataFolder(init, Clock::Real()), absl::OkStatus());
    options_.listen = "127.0.0.1:0";
    Start();
    const auto json = ReadWholeFile(folder_ + "/admin.credential", 1 << 20);
    EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(json.value(), &admin_).ok());
  }

  ~Collector() {
    server_->Stop(absl::Seconds(5));
    server_.reset();
    std::filesystem::remove_all(folder_);
  }

  void Start() {
    absl::StatusOr<DataFolder> data = DataFolder::Open(folder_);
    ASSERT_EQ(data.status(), absl::OkStatus());
    auto server = CollectorServer::Start(options_, *std::move(data), Clock::Real());
    ASSERT_EQ(server.status(), absl::OkStatus());
    server_ = *std::move(server);
  }

  void Restart() {
    server_->Stop(absl::Seconds(5));
    server_.reset();
    Start();
  }

  void Stop(absl::Duration patience) { server_->Stop(patience); }

  std::shared_ptr<grpc::Channel> Dial(const Identity& identity) const {
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = admin_.collector_root_pem();
    tls.pem_private_key = identity.key_pem;
    tls.pem_cert_chain = identity.chain_pem;
    grpc::ChannelArguments arguments;
    arguments.SetSslTargetNameOverride(admin_.collector_name());
    // Channels of one process would share a connection, and with it an identity.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(Concat("127.0.0.1:", port()), grpc::SslCredentials(tls), arguments);
  }

  int port() const { return server_->port(); }
  const std::string& folder() const { return folder_; }
  const v1::Credential& admin() const { return admin_; }
  Identity AdminIdentity() const { return {admin_.private_key_pem(), admin_.certificate_chain_pem()}; }

 private:
  const std::string folder_;
  CollectorServerOptions options_;
  v1::Credential admin_;
  std::unique_ptr<CollectorServer> server_;
};

// A customer with its authority and its first admin, made as `hozen customer add` makes it.
class Customer {
 public:
  Customer(const Collector& collector, const std::string& name)
      : collector_(collector),
        authority_(PrivateKey::Generate(KeyType::kEd25519).value()),
        operator_key_(PrivateKey::Generate(KeyType::kEcdsaP256).value()) {
    auto admin = v1::Admin::NewStub(collector.Dial(collector.AdminIdentity()));
    v1::BeginCustomerRequest begin;
    begin.set_name(name);
    v1::BeginCustomerResponse begun;
    grpc::Status status = admin->BeginCustomer(Context().get(), begin, &begun);
    EXPECT_TRUE(status.ok()) << status.error_message();
    id_ = begun.customer_id();

    delegation_.set_format_version(1);
    delegation_.set_customer_id(id_);
    delegation_.set_customer_name(name);
    delegation_.set_host_ca_public_key(begun.host_ca_public_key());
    delegation_.set_custody_log_key(begun.custody_log_key());
    delegation_.set_custody_log_origin(begun.custody_log_origin());
    delegation_.set_created_unix_ns(absl::GetCurrentTimeNanos());

    v1::OperatorCertificate certificate;
    certificate.set_format_version(1);
    certificate.set_customer_id(id_);
    certificate.set_name("alice");
    certificate.set_role("admin");
    certificate.set_public_key(operator_key_.public_key().ToDer());
    certificate.set_not_before_unix_ns(absl::ToUnixNanos(absl::Now() - absl::Minutes(1)));
    certificate.set_not_after_unix_ns(absl::ToUnixNanos(absl::Now() + absl::Hours(24)));
    operator_certificate_ = SignOperatorCertificate(certificate, authority_).value();

    v1::FinishCustomerRequest finish;
    finish.set_customer_id(id_);
    finish.set_authority_public_key(authority_.public_key().ToDer());
    *finish.mutable_delegation() = SignDelegation(delegation_, authority_).value();
    *finish.mutable_admin()->mutable_certificate() = operator_certificate_;
    finish.mutable_admin()->set_certificate_request_der(
        CertificateRequest::Create(operator_key_, "alice").value().ToDer());
    v1::FinishCustomerResponse finished;
    status = admin->FinishCustomer(Context().get(), finish, &finished);
    EXPECT_TRUE(status.ok()) << status.error_message();
    operator_ = {operator_key_.ToSecretPem(), finished.admin().certificate_chain_pem()};
  }

  // A token's secret.
  std::string Token(uint32_t uses, absl::Duration lifetime = absl::Hours(1)) const {
    const std::string secret = RandomBytes(32);
    v1::CreateTokenRequest request;
    request.set_secret_sha256(std::string(Sha256::Of(secret).bytes()));
    request.set_expires_unix_ns(absl::ToUnixNanos(absl::Now() + lifetime));
    request.set_uses(uses);
    request.set_label("desks");
    v1::CreateTokenResponse response;
    const grpc::Status status =
        v1::Admin::NewStub(collector_.Dial(operator_))->CreateToken(Context().get(), request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return secret;
  }

  v1::SignedPlan PlanFor(const std::string& host_id) const {
    v1::Plan plan;
    plan.set_format_version(1);
    plan.set_plan_id(NewPlanId());
    plan.set_customer_id(id_);
    plan.add_host_ids(host_id);
    v1::Target& target = *plan.add_targets();
    target.mutable_file()->set_pattern("/etc/hostname");
    target.mutable_file()->set_separator("/");
    plan.mutable_limits()->set_deadline_unix_ns(absl::ToUnixNanos(absl::Now() + absl::Hours(1)));
    plan.set_created_unix_ns(absl::GetCurrentTimeNanos());
    plan.set_operator_name("alice");
    plan.set_reason("case 7");
    return SignPlan(plan, operator_key_, operator_certificate_).value();
  }

  const std::string& id() const { return id_; }
  const v1::Delegation& delegation() const { return delegation_; }
  const Identity& operator_identity() const { return operator_; }
  std::unique_ptr<v1::Responder::Stub> Responder() const { return v1::Responder::NewStub(collector_.Dial(operator_)); }

 private:
  static std::string NewPlanId() { return Sha256::Of(RandomBytes(16)).ToHex().substr(0, 16); }

  const Collector& collector_;
  const PrivateKey authority_;
  const PrivateKey operator_key_;
  std::string id_;
  v1::Delegation delegation_;
  v1::Envelope operator_certificate_;
  Identity operator_;
};

grpc::Status TryEnroll(const Collector& collector, const std::string& secret, const PrivateKey& key,
                       v1::EnrollResponse* response) {
  v1::EnrollRequest request;
  request.set_token_secret(secret);
  request.set_certificate_request_der(CertificateRequest::Create(key, "new host").value().ToDer());
  request.mutable_facts()->set_hostname("pc-1");
  return v1::Enrollment::NewStub(collector.Dial({}))->Enroll(Context().get(), request, response);
}

// An enrolled host.
class Host {
 public:
  Host(const Collector& collector, const Customer& customer)
      : collector_(collector), key_(PrivateKey::Generate(KeyType::kEcdsaP256).value()) {
    const grpc::Status status = TryEnroll(collector, customer.Token(1), key_, &enrolled_);
    EXPECT_TRUE(status.ok()) << status.error_message();
    Redial();
  }

  void Redial() { ingest_ = v1::EvidenceIngest::NewStub(collector_.Dial(identity())); }

  const std::string& id() const { return enrolled_.host_id(); }
  const PrivateKey& key() const { return key_; }
  const v1::EnrollResponse& enrolled() const { return enrolled_; }
  Identity identity() const { return {key_.ToSecretPem(), enrolled_.certificate_chain_pem()}; }
  v1::EvidenceIngest::Stub& ingest() { return *ingest_; }

  std::string Missing(const std::string& acquisition_id, const std::vector<Digest>& digests) {
    v1::FindMissingRequest request;
    request.set_acquisition_id(acquisition_id);
    for (const Digest& digest : digests) request.mutable_digests()->append(digest.bytes());
    v1::FindMissingResponse response;
    const grpc::Status status = ingest_->FindMissing(Context().get(), request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.missing();
  }

  // Sends messages and reads answers until all chunks are acknowledged or the stream ends.
  grpc::Status Upload(const std::string& acquisition_id, const std::vector<v1::ChunkUpload>& chunks,
                      uint32_t* acknowledged) {
    const auto context = Context();
    const auto stream = ingest_->Upload(context.get());
    v1::UploadRequest request;
    request.mutable_start()->set_acquisition_id(acquisition_id);
    stream->Write(request);
    for (const v1::ChunkUpload& chunk : chunks) {
      *request.mutable_chunk() = chunk;
      if (!stream->Write(request)) break;
    }
    stream->WritesDone();
    *acknowledged = 0;
    v1::UploadResponse response;
    while (stream->Read(&response)) *acknowledged += response.acknowledged_chunks();
    return stream->Finish();
  }

  grpc::Status Commit(const v1::Envelope& manifest, v1::Receipt* receipt) {
    v1::CommitRequest request;
    *request.mutable_manifest() = manifest;
    v1::CommitResponse response;
    const grpc::Status status = ingest_->Commit(Context().get(), request, &response);
    *receipt = response.receipt();
    return status;
  }

 private:
  const Collector& collector_;
  const PrivateKey key_;
  v1::EnrollResponse enrolled_;
  std::unique_ptr<v1::EvidenceIngest::Stub> ingest_;
};

v1::ChunkUpload UploadOf(const PlainChunk& plain) {
  const VerifiedChunk chunk = VerifiedChunk::FromPlain(plain, 1);
  v1::ChunkUpload upload;
  upload.set_sha256(std::string(chunk.sha256().bytes()));
  upload.set_size_bytes(chunk.size_bytes());
  upload.set_frame(chunk.frame());
  return upload;
}

// One file of one chunk, and the body that lists it.
struct Evidence {
  PlainChunk data;
  PlainChunk body;
  v1::Manifest manifest;
};

Evidence MakeEvidence(const Customer& customer, const Host& host, const v1::SignedPlan& plan, std::string contents) {
  Evidence evidence;
  evidence.data = MakePlainChunk(std::move(contents));
  const uint32_t size_bytes = static_cast<uint32_t>(evidence.data.bytes->size());
  v1::BodyRecord record;
  v1::Item& item = *record.mutable_item();
  item.set_index(0);
  item.set_kind(v1::Item::KIND_FILE);
  item.set_state(v1::Item::STATE_COMPLETE);
  item.set_path("/etc/hostname");
  item.set_size_bytes(size_bytes);
  item.set_sha256(std::string(evidence.data.sha256.bytes()));
  item.set_has_stream(true);
  *item.add_extents() = ChunkExtent(evidence.data.sha256, size_bytes);
  std::string body;
  EXPECT_EQ(AppendRecord(record, body), absl::OkStatus());
  evidence.body = MakePlainChunk(body);

  v1::Manifest& manifest = evidence.manifest;
  manifest.set_format_version(1);
  manifest.set_acquisition_id(AcquisitionId(PlanDigest(plan), host.id()));
  manifest.set_customer_id(customer.id());
  manifest.set_host_id(host.id());
  manifest.set_plan_sha256(std::string(PlanDigest(plan).bytes()));
  manifest.set_complete(true);
  manifest.set_items(1);
  manifest.set_stream_bytes(size_bytes);
  manifest.set_body_sha256(std::string(evidence.body.sha256.bytes()));
  manifest.set_body_size_bytes(body.size());
  *manifest.add_body_extents() = ChunkExtent(evidence.body.sha256, static_cast<uint32_t>(body.size()));
  return evidence;
}

v1::Acquisition Submit(const Customer& customer, const v1::SignedPlan& plan) {
  v1::SubmitPlanRequest request;
  *request.mutable_plan() = plan;
  v1::SubmitPlanResponse response;
  const grpc::Status status = customer.Responder()->SubmitPlan(Context().get(), request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response.acquisitions_size() == 1 ? response.acquisitions(0) : v1::Acquisition();
}

v1::Acquisition Get(const Customer& customer, const std::string& acquisition_id) {
  v1::GetAcquisitionRequest request;
  request.set_acquisition_id(acquisition_id);
  v1::Acquisition acquisition;
  const grpc::Status status = customer.Responder()->GetAcquisition(Context().get(), request, &acquisition);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return acquisition;
}

TEST(CollectorServer, TakesAnAcquisitionFromTheOrderToAReceiptThatVerifiesOffline) {
  Collector collector;
  const Customer customer(collector, "Acme");
  Host host(collector, customer);

  // The host is connected, gets the plan and takes it up.
  const auto context = Context();
  const auto session = v1::AgentControl::NewStub(collector.Dial(host.identity()))->Session(context.get());
  v1::AgentMessage up;
  up.mutable_hello()->mutable_facts()->set_hostname("pc-1");
  ASSERT_TRUE(session->Write(up));
  v1::CollectorMessage down;
  ASSERT_TRUE(session->Read(&down));
  ASSERT_TRUE(down.has_welcome());
  const v1::SignedPlan plan = customer.PlanFor(host.id());
  const std::string id = Submit(customer, plan).acquisition_id();
  ASSERT_TRUE(session->Read(&down));
  ASSERT_EQ(down.task().acquisition_id(), id);
  up.mutable_event()->set_acquisition_id(id);
  up.mutable_event()->set_kind(v1::AcquisitionEvent::KIND_ACCEPTED);
  ASSERT_TRUE(session->Write(up));
  v1::GetAcquisitionRequest watch;
  watch.set_acquisition_id(id);
  const auto watch_context = Context();
  const auto watcher = customer.Responder()->WatchAcquisition(watch_context.get(), watch);
  v1::Acquisition seen;
  while (watcher->Read(&seen) && seen.state() == v1::Acquisition::STATE_WAITING) {
  }
  EXPECT_EQ(seen.state(), v1::Acquisition::STATE_RUNNING);

  // It sends what is missing and hands over its manifest.
  const Evidence evidence = MakeEvidence(customer, host, plan, "pc-1\n");
  EXPECT_EQ(host.Missing(id, {evidence.data.sha256, evidence.body.sha256}), std::string("\1\1", 2));
  uint32_t acknowledged = 0;
  const grpc::Status uploaded = host.Upload(id, {UploadOf(evidence.data), UploadOf(evidence.body)}, &acknowledged);
  EXPECT_TRUE(uploaded.ok()) << uploaded.error_message();
  EXPECT_EQ(acknowledged, 2u);
  EXPECT_EQ(host.Missing(id, {evidence.data.sha256, evidence.body.sha256}), std::string("\0\0", 2));
  const v1::Envelope manifest = SignManifest(evidence.manifest, host.key()).value();
  v1::Receipt receipt;
  const grpc::Status committed = host.Commit(manifest, &receipt);
  ASSERT_TRUE(committed.ok()) << committed.error_message();
  EXPECT_EQ(VerifyCustodyProof(receipt.proof(), customer.delegation()), absl::OkStatus());
  EXPECT_NE(receipt.proof().entry().find(Sha256::Of(manifest.payload()).ToHex()), std::string::npos);
  while (watcher->Read(&seen)) {
  }
  EXPECT_EQ(seen.state(), v1::Acquisition::STATE_COMPLETE);

  // All of it is still so after a restart.
  session->WritesDone();
  context->TryCancel();
  session->Finish();
  collector.Restart();
  EXPECT_EQ(Get(customer, id).state(), v1::Acquisition::STATE_COMPLETE);
  host.Redial();
  v1::Receipt again;
  EXPECT_TRUE(host.Commit(manifest, &again).ok());
  EXPECT_EQ(again.proof().leaf_index(), receipt.proof().leaf_index());

  v1::Manifest other = evidence.manifest;
  other.set_resumed(1);
  EXPECT_EQ(host.Commit(SignManifest(other, host.key()).value(), &again).error_code(),
            grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_EQ(host.Upload(id, {UploadOf(evidence.data)}, &acknowledged).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST(CollectorServer, RefusesAManifestThatItCannotBelieve) {
  Collector collector;
  const Customer customer(collector, "Acme");
  Host host(collector, customer);
  Host stranger(collector, customer);
  const v1::SignedPlan plan = customer.PlanFor(host.id());
  const std::string id = Submit(customer, plan).acquisition_id();
  const Evidence evidence = MakeEvidence(customer, host, plan, "some bytes");
  v1::Receipt receipt;

  grpc::Status status = host.Commit(SignManifest(evidence.manifest, host.key()).value(), &receipt);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_NE(status.error_message().find(evidence.body.sha256.ToHex()), std::string::npos) << status.error_message();

  uint32_t acknowledged = 0;
  EXPECT_TRUE(host.Upload(id, {UploadOf(evidence.body)}, &acknowledged).ok());
  status = host.Commit(SignManifest(evidence.manifest, host.key()).value(), &receipt);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_NE(status.error_message().find(evidence.data.sha256.ToHex()), std::string::npos) << status.error_message();
  EXPECT_TRUE(host.Upload(id, {UploadOf(evidence.data)}, &acknowledged).ok());

  EXPECT_EQ(host.Commit(SignManifest(evidence.manifest, stranger.key()).value(), &receipt).error_code(),
            grpc::StatusCode::DATA_LOSS);
  v1::Manifest wrong = evidence.manifest;
  wrong.set_items(2);
  EXPECT_EQ(host.Commit(SignManifest(wrong, host.key()).value(), &receipt).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  wrong = evidence.manifest;
  wrong.set_plan_sha256(std::string(32, 'x'));
  EXPECT_EQ(host.Commit(SignManifest(wrong, host.key()).value(), &receipt).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  wrong = evidence.manifest;
  wrong.set_body_sha256(std::string(32, 'x'));
  EXPECT_EQ(host.Commit(SignManifest(wrong, host.key()).value(), &receipt).error_code(), grpc::StatusCode::DATA_LOSS);
  EXPECT_EQ(Get(customer, id).state(), v1::Acquisition::STATE_RUNNING);
  EXPECT_TRUE(host.Commit(SignManifest(evidence.manifest, host.key()).value(), &receipt).ok());
}

TEST(CollectorServer, EndsAnUploadAtAChunkThatIsNotWhatItsNameSays) {
  Collector collector;
  const Customer customer(collector, "Acme");
  Host host(collector, customer);
  const v1::SignedPlan plan = customer.PlanFor(host.id());
  const std::string id = Submit(customer, plan).acquisition_id();
  const PlainChunk good = MakePlainChunk("good");
  const PlainChunk other = MakePlainChunk("other");
  v1::ChunkUpload lie = UploadOf(other);
  lie.set_sha256(std::string(MakePlainChunk("claimed").sha256.bytes()));
  uint32_t acknowledged = 0;
  const grpc::Status status = host.Upload(id, {UploadOf(good), lie, UploadOf(other)}, &acknowledged);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DATA_LOSS);
  EXPECT_NE(status.error_message().find(MakePlainChunk("claimed").sha256.ToHex()), std::string::npos);
  EXPECT_EQ(acknowledged, 1u);
  EXPECT_EQ(host.Missing(id, {good.sha256, other.sha256}), std::string("\0\1", 2));
}

TEST(CollectorServer, SaysThatItIsFullOnceAndKeepsWhatItHas) {
  CollectorServerOptions options;
  options.reserve_bytes = uint64_t{1} << 60;
  Collector collector(options);
  const Customer customer(collector, "Acme");
  Host host(collector, customer);
  const v1::SignedPlan plan = customer.PlanFor(host.id());
  const std::string id = Submit(customer, plan).acquisition_id();

  const auto context = Context();
  const auto stream = host.ingest().Upload(context.get());
  v1::UploadRequest request;
  request.mutable_start()->set_acquisition_id(id);
  ASSERT_TRUE(stream->Write(request));
  *request.mutable_chunk() = UploadOf(MakePlainChunk("no room for this"));
  ASSERT_TRUE(stream->Write(request));
  v1::UploadResponse response;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_TRUE(response.has_ready());
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_TRUE(response.has_full());
  EXPECT_GT(response.full().retry_after_ms(), 0u);
  // Neither where the store lies nor how full it is: that is also what other customers do.
  EXPECT_EQ(response.full().detail().find_first_of("/0123456789"), std::string::npos) << response.full().detail();
  stream->WritesDone();
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST(CollectorServer, KeepsCustomersApart) {
  Collector collector;
  const Customer acme(collector, "Acme");
  const Customer initech(collector, "Initech");
  Host ours(collector, acme);
  Host theirs(collector, initech);
  const v1::SignedPlan plan = acme.PlanFor(ours.id());
  const std::string id = Submit(acme, plan).acquisition_id();
  uint32_t acknowledged = 0;
  EXPECT_EQ(theirs.Upload(id, {}, &acknowledged).error_code(), grpc::StatusCode::NOT_FOUND);
  const Evidence evidence = MakeEvidence(acme, theirs, plan, "x");
  v1::Receipt receipt;
  EXPECT_FALSE(theirs.Commit(SignManifest(evidence.manifest, theirs.key()).value(), &receipt).ok());
  v1::GetAcquisitionRequest request;
  request.set_acquisition_id(id);
  v1::Acquisition acquisition;
  EXPECT_EQ(initech.Responder()->GetAcquisition(Context().get(), request, &acquisition).error_code(),
            grpc::StatusCode::NOT_FOUND);
  // A host has no business among the operators, nor an operator among the hosts.
  EXPECT_EQ(v1::Responder::NewStub(collector.Dial(ours.identity()))
                ->GetAcquisition(Context().get(), request, &acquisition)
                .error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  v1::FindMissingResponse missing;
  EXPECT_EQ(v1::EvidenceIngest::NewStub(collector.Dial(acme.operator_identity()))
                ->FindMissing(Context().get(), v1::FindMissingRequest(), &missing)
                .error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
}

TEST(CollectorServer, SaysWhatIsWrongWithAToken) {
  Collector collector;
  const Customer customer(collector, "Acme");
  const PrivateKey key = PrivateKey::Generate(KeyType::kEcdsaP256).value();
  v1::EnrollResponse response;
  grpc::Status status = TryEnroll(collector, RandomBytes(32), key, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_NE(status.error_message().find("not known here"), std::string::npos);

  const std::string once = customer.Token(1);
  EXPECT_TRUE(TryEnroll(collector, once, key, &response).ok());
  status = TryEnroll(collector, once, key, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_NE(status.error_message().find("hozen token create"), std::string::npos);

  status = TryEnroll(collector, "short", key, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST(CollectorServer, AsksForACertificateEverywhereButAtEnrolment) {
  Collector collector;
  const auto anonymous = collector.Dial({});
  v1::FindMissingResponse missing;
  EXPECT_EQ(v1::EvidenceIngest::NewStub(anonymous)
                ->FindMissing(Context().get(), v1::FindMissingRequest(), &missing)
                .error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  v1::RenewResponse renewed;
  EXPECT_EQ(v1::Enrollment::NewStub(anonymous)->Renew(Context().get(), v1::RenewRequest(), &renewed).error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  v1::ListHostsResponse hosts;
  EXPECT_EQ(v1::Responder::NewStub(anonymous)->ListHosts(Context().get(), v1::ListHostsRequest(), &hosts).error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  const auto context = Context();
  const auto session = v1::AgentControl::NewStub(anonymous)->Session(context.get());
  v1::CollectorMessage message;
  EXPECT_FALSE(session->Read(&message));
  EXPECT_EQ(session->Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST(CollectorServer, RenewsAHostsCertificateForTheSameAndForANewKey) {
  Collector collector;
  const Customer customer(collector, "Acme");
  Host host(collector, customer);
  const PrivateKey new_key = PrivateKey::Generate(KeyType::kEcdsaP256).value();
  v1::RenewRequest request;
  request.set_certificate_request_der(CertificateRequest::Create(new_key, "host").value().ToDer());
  v1::RenewResponse response;
  const auto old_channel = collector.Dial(host.identity());
  ASSERT_TRUE(v1::Enrollment::NewStub(old_channel)->Renew(Context().get(), request, &response).ok());
  // The answer may have been lost: the old key is good until the new one is used.
  EXPECT_TRUE(v1::Enrollment::NewStub(old_channel)->Renew(Context().get(), request, &response).ok());

  const Identity renewed{new_key.ToSecretPem(), response.certificate_chain_pem()};
  const auto context = Context();
  const auto session = v1::AgentControl::NewStub(collector.Dial(renewed))->Session(context.get());
  v1::AgentMessage hello;
  hello.mutable_hello()->set_now_unix_ns(1);
  ASSERT_TRUE(session->Write(hello));
  v1::CollectorMessage welcome;
  ASSERT_TRUE(session->Read(&welcome));
  EXPECT_EQ(v1::Enrollment::NewStub(old_channel)->Renew(Context().get(), request, &response).error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  context->TryCancel();
  session->Finish();
}

// Each renewal is an entry in the custody log, for ever.
TEST(CollectorServer, LetsAHostRenewOnlySoOften) {
  Collector collector;
  const Customer customer(collector, "Acme");
  Host host(collector, customer);
  Host other(collector, customer);
  v1::RenewRequest request;
  request.set_certificate_request_der(
      CertificateRequest::Create(PrivateKey::Generate(KeyType::kEcdsaP256).value(), "host").value().ToDer());
  v1::RenewResponse response;
  const auto stub = v1::Enrollment::NewStub(collector.Dial(host.identity()));
  int renewed = 0;
  while (renewed < 100 && stub->Renew(Context().get(), request, &response).ok()) ++renewed;
  EXPECT_EQ(renewed, 10);
  EXPECT_EQ(stub->Renew(Context().get(), request, &response).error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_TRUE(
      v1::Enrollment::NewStub(collector.Dial(other.identity()))->Renew(Context().get(), request, &response).ok());
}

// A control stream of a host.
struct Session {
  Session(const Collector& collector, const Identity& identity)
      : context(Context()),
        stub(v1::AgentControl::NewStub(collector.Dial(identity))),
        stream(stub->Session(context.get())) {}
  // False where the stream has ended.
  bool SayHello() {
    v1::AgentMessage message;
    message.mutable_hello()->mutable_facts()->set_hostname("pc-1");
    v1::CollectorMessage welcome;
    return stream->Write(message) && stream->Read(&welcome) && welcome.has_welcome();
  }
  grpc::Status End() {
    v1::CollectorMessage message;
    while (stream->Read(&message)) {
    }
    return stream->Finish();
  }

  std::unique_ptr<grpc::ClientContext> context;
  std::unique_ptr<v1::AgentControl::Stub> stub;
  std::unique_ptr<grpc::ClientReaderWriter<v1::AgentMessage, v1::CollectorMessage>> stream;
};

TEST(CollectorServer, EndsASessionThatDoesNotBeginWithHelloOrSaysTooMuch) {
  Collector collector;
  const Customer customer(collector, "Acme");
  const Host host(collector, customer);
  Session rude(collector, host.identity());
  v1::AgentMessage message;
  message.mutable_heartbeat()->set_cpu_ns(1);
  ASSERT_TRUE(rude.stream->Write(message));
  EXPECT_EQ(rude.End().error_code(), grpc::StatusCode::INVALID_ARGUMENT);

  Session wordy(collector, host.identity());
  ASSERT_TRUE(wordy.SayHello());
  message.mutable_progress()->set_current_path(std::string(1 << 20, 'x'));
  ASSERT_TRUE(wordy.stream->Write(message));
  EXPECT_EQ(wordy.End().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST(CollectorServer, KeepsTheNewestSessionOfAHost) {
  Collector collector;
  const Customer customer(collector, "Acme");
  const Host host(collector, customer);
  Session first(collector, host.identity());
  ASSERT_TRUE(first.SayHello());
  Session second(collector, host.identity());
  ASSERT_TRUE(second.SayHello());
  EXPECT_EQ(first.End().error_code(), grpc::StatusCode::ABORTED);
  v1::ListHostsResponse hosts;
  ASSERT_TRUE(customer.Responder()->ListHosts(Context().get(), v1::ListHostsRequest(), &hosts).ok());
  ASSERT_EQ(hosts.hosts_size(), 1);
  EXPECT_TRUE(hosts.hosts(0).connected());
  second.context->TryCancel();
  second.End();
}

TEST(CollectorServer, TellsItsAgentsToComeAgainWhenItStops) {
  Collector collector;
  const Customer customer(collector, "Acme");
  const Host host(collector, customer);
  Session session(collector, host.identity());
  ASSERT_TRUE(session.SayHello());
  const absl::Time before = absl::Now();
  collector.Stop(absl::Seconds(25));
  EXPECT_LT(absl::Now() - before, absl::Seconds(20));
  EXPECT_EQ(session.End().error_code(), grpc::StatusCode::UNAVAILABLE);
}

// What `openssl s_client`, the judge, says of a connection with one version of TLS.
std::string OpensslConnect(const Collector& collector, const std::string& version) {
  const std::string command =
      Concat("timeout 20 openssl s_client -connect 127.0.0.1:", collector.port(), " -", version, " -alpn h2 -CAfile ",
             collector.folder(), "/root.pem -verify_hostname localhost -verify_return_error </dev/null 2>&1");
  FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return "no openssl";
  std::string output;
  char buffer[4096];
  while (const size_t got = ::fread(buffer, 1, sizeof buffer, pipe)) output.append(buffer, got);
  ::pclose(pipe);
  return output;
}

TEST(CollectorServer, SpeaksTls13AndNothingOlder) {
  Collector collector;
  const std::string newest = OpensslConnect(collector, "tls1_3");
  EXPECT_NE(newest.find("New, TLSv1.3, Cipher is TLS_"), std::string::npos) << newest;
  EXPECT_NE(newest.find("Verification: OK"), std::string::npos) << newest;
  const std::string older = OpensslConnect(collector, "tls1_2");
  EXPECT_NE(older.find("Cipher is (NONE)"), std::string::npos) << older;
}

TEST(CollectorServer, RefusesAPortInUse) {
  Collector first;
  const std::string folder = FreshFolder();
  InitOptions init;
  init.folder = folder;
  ASSERT_EQ(InitDataFolder(init, Clock::Real()), absl::OkStatus());
  CollectorServerOptions options;
  options.listen = Concat("127.0.0.1:", first.port());
  const auto second = CollectorServer::Start(options, DataFolder::Open(folder).value(), Clock::Real());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable) << second.status();
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace hozen

int main(int argc, char** argv) {
  hozen::RequireTls13();
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
