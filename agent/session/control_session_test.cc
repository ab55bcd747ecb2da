// The agent's session and enrolment against a collector of the test's own, over real TLS.
#include "agent/session/control_session.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "agent/session/enrollment.h"
#include "agent/session/identity_store.h"
#include "agent/session/report_queue.h"
#include "core/base/concat.h"
#include "core/base/tls_only_1_3.h"
#include "core/crypto/certificate.h"
#include "core/evidence/trust.h"
#include "core/plan/enrollment_token.h"
#include "proto/hozen/v1/agent_control.grpc.pb.h"
#include "proto/hozen/v1/enrollment.grpc.pb.h"

namespace hozen {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);

class FakeRunner : public Runner {
 public:
  absl::Status ResumeAll() override { return absl::OkStatus(); }
  absl::Status Accept(const v1::Task& task) override {
    absl::MutexLock lock(&mutex);
    accepted.push_back(task.acquisition_id());
    return absl::OkStatus();
  }
  absl::Status Cancel(std::string_view acquisition_id) override {
    absl::MutexLock lock(&mutex);
    cancelled.push_back(std::string(acquisition_id));
    return absl::OkStatus();
  }
  std::vector<std::string> Active() const override { return {"running"}; }
  void Stop() override {}

  absl::Mutex mutex;
  std::vector<std::string> accepted ABSL_GUARDED_BY(mutex);
  std::vector<std::string> cancelled ABSL_GUARDED_BY(mutex);
};

// A collector with one customer. Each session is welcomed, given a task and a cancellation, and ended after so many
// messages.
class FakeCollector : public v1::AgentControl::Service, public v1::Enrollment::Service {
 public:
  FakeCollector()
      : now_(absl::Now()),
        root_(*CertificateAuthority::CreateRoot("root", now_ - absl::Hours(1), now_ + absl::Hours(24))),
        host_ca_(*CertificateAuthority::CreateRoot("hosts", now_ - absl::Hours(1), now_ + absl::Hours(24))),
        authority_(*PrivateKey::Generate(KeyType::kEcdsaP256)),
        key_(*PrivateKey::Generate(KeyType::kEcdsaP256)) {
    v1::Delegation delegation;
    delegation.set_format_version(1);
    delegation.set_customer_id("acme");
    delegation.set_customer_name("Acme");
    delegation.set_host_ca_public_key(host_ca_.certificate().public_key()->ToDer());
    delegation.set_custody_log_key(*PrivateKey::Generate(KeyType::kEd25519)->public_key().ToRawEd25519());
    delegation.set_custody_log_origin("test/acme");
    delegation_ = *SignDelegation(delegation, authority_);
    CertificateOptions options;
    options.common_name = "collector";
    options.dns_names = {"collector.test"};
    options.not_before = now_ - absl::Hours(1);
    options.not_after = now_ + absl::Hours(24);
    options.server = true;
    grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
    tls.pem_root_certs = host_ca_.certificate().ToPem();
    tls.pem_key_cert_pairs.push_back(
        {key_.ToSecretPem(), root_.Issue(key_.public_key(), options)->ToPem() + root_.certificate().ToPem()});
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(tls), &port_);
    builder.RegisterService(static_cast<v1::AgentControl::Service*>(this));
    builder.RegisterService(static_cast<v1::Enrollment::Service*>(this));
    server_ = builder.BuildAndStart();
  }
  ~FakeCollector() override { server_->Shutdown(std::chrono::system_clock::now()); }

  std::string address() const { return Concat("127.0.0.1:", port_); }
  std::string Token() const {
    v1::EnrollmentToken token;
    token.set_secret(std::string(32, 's'));
    token.set_collector_root_der(root_.certificate().ToDer());
    token.set_authority_public_key(authority_.public_key().ToDer());
    token.set_customer_id("acme");
    token.set_collector_name("collector.test");
    return EncodeEnrollmentToken(token);
  }
  std::string Issue(const std::string& request_der) {
    CertificateOptions options;
    options.common_name = "host";
    options.uri = HostUri("acme", "host-1");
    options.not_before = now_ - absl::Hours(1);
    options.not_after = now_ + lifetime;
    return host_ca_.Issue(*CertificateRequest::FromDer(request_der)->public_key(), options)->ToPem() +
           host_ca_.certificate().ToPem();
  }

  grpc::Status Enroll(grpc::ServerContext*, const v1::EnrollRequest* request, v1::EnrollResponse* response) override {
    if (request->token_secret() != std::string(32, 's')) return {grpc::StatusCode::PERMISSION_DENIED, "unknown token"};
    response->set_host_id("host-1");
    response->set_customer_id("acme");
    response->set_certificate_chain_pem(Issue(request->certificate_request_der()));
    *response->mutable_delegation() = delegation_;
    if (spoil) spoil(*response);
    return grpc::Status::OK;
  }
  grpc::Status Renew(grpc::ServerContext*, const v1::RenewRequest* request, v1::RenewResponse* response) override {
    response->set_certificate_chain_pem(Issue(request->certificate_request_der()));
    absl::MutexLock lock(&mutex);
    ++renewals;
    return grpc::Status::OK;
  }
  grpc::Status Session(grpc::ServerContext*,
                       grpc::ServerReaderWriter<v1::CollectorMessage, v1::AgentMessage>* stream) override {
    v1::AgentMessage received;
    int messages = 0;
    {
      absl::MutexLock lock(&mutex);
      ++sessions;
    }
    while (stream->Read(&received)) {
      {
        absl::MutexLock lock(&mutex);
        heard.push_back(received);
      }
      if (received.has_hello()) {
        v1::CollectorMessage message;
        message.mutable_welcome()->set_heartbeat_interval_s(1);
        stream->Write(message);
        message.mutable_task()->set_acquisition_id("ordered");
        stream->Write(message);
        message.mutable_cancel()->set_acquisition_id("not wanted");
        stream->Write(message);
      }
      if (++messages == messages_per_session) return {grpc::StatusCode::UNAVAILABLE, "going away"};
    }
    return grpc::Status::OK;
  }

  // Waits until `holds` of what was heard.
  bool Hears(const std::function<bool(FakeCollector&)>& holds) {
    struct Wanted {
      FakeCollector* self;
      const std::function<bool(FakeCollector&)>& holds;
    } wanted{this, holds};
    absl::MutexLock lock(&mutex);
    return mutex.AwaitWithTimeout(absl::Condition(
                                      +[](Wanted* w) { return w->holds(*w->self); }, &wanted),
                                  kPatience);
  }

  absl::Duration lifetime = absl::Hours(20);
  std::function<void(v1::EnrollResponse&)> spoil;
  int messages_per_session = 1'000'000;
  absl::Mutex mutex;
  std::vector<v1::AgentMessage> heard;
  int sessions = 0;
  int renewals = 0;

 private:
  const absl::Time now_;
  CertificateAuthority root_;
  CertificateAuthority host_ca_;
  PrivateKey authority_;
  PrivateKey key_;
  v1::Envelope delegation_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

class ControlSessionTest : public ::testing::Test {
 protected:
  ControlSessionTest() {
    std::string pattern = ::testing::TempDir() + "/session-XXXXXX";
    state_ = mkdtemp(pattern.data());
  }
  ~ControlSessionTest() override { std::filesystem::remove_all(state_); }

  v1::AgentIdentity Enrolled() {
    v1::HostFacts facts;
    facts.set_hostname("pc");
    absl::StatusOr<v1::AgentIdentity> identity = Enroll(collector_.address(), collector_.Token(), facts);
    EXPECT_TRUE(identity.ok()) << identity.status();
    return identity.ok() ? *std::move(identity) : v1::AgentIdentity();
  }
  ControlSessionOptions Options(const v1::AgentIdentity& identity) {
    ControlSessionOptions options;
    options.state_folder = state_;
    options.identity = identity;
    options.facts = [] {
      v1::HostFacts facts;
      facts.set_hostname("pc");
      return facts;
    };
    options.least_pause = absl::Milliseconds(5);
    options.most_pause = absl::Milliseconds(20);
    return options;
  }

  std::filesystem::path state_;
  FakeCollector collector_;
  FakeRunner runner_;
};

TEST_F(ControlSessionTest, EnrolsSaysHelloAndHandsOrdersToTheRunner) {
  const v1::AgentIdentity identity = Enrolled();
  EXPECT_EQ(identity.host_id(), "host-1");
  CurrentChannel channel(identity);
  ControlSession session(Options(identity), channel, Clock::Real());
  v1::AgentMessage event;
  event.mutable_event()->set_acquisition_id("early");
  session.Report(event);
  session.Start(runner_);
  EXPECT_TRUE(collector_.Hears([](FakeCollector& c) {
    bool hello = false, heartbeat = false, report = false;
    for (const v1::AgentMessage& message : c.heard) {
      hello |= message.hello().facts().hostname() == "pc" && message.hello().acquisition_ids(0) == "running";
      heartbeat |= message.heartbeat().resident_bytes() > 0;
      report |= message.event().acquisition_id() == "early";
    }
    return hello && heartbeat && report;
  }));
  session.Stop();
  absl::MutexLock lock(&runner_.mutex);
  EXPECT_EQ(runner_.accepted, std::vector<std::string>{"ordered"});
  EXPECT_EQ(runner_.cancelled, std::vector<std::string>{"not wanted"});
}

TEST_F(ControlSessionTest, ConnectsAgainForEver) {
  collector_.messages_per_session = 2;
  const v1::AgentIdentity identity = Enrolled();
  CurrentChannel channel(identity);
  ControlSession session(Options(identity), channel, Clock::Real());
  session.Start(runner_);
  for (int i = 0; i < 4; ++i) {
    v1::AgentMessage event;
    event.mutable_event()->set_acquisition_id("x");
    session.Report(event);
    EXPECT_TRUE(collector_.Hears([i](FakeCollector& c) { return c.sessions > i + 1; }));
  }
}

TEST_F(ControlSessionTest, RenewsAnOldCertificateAndKeepsIt) {
  collector_.lifetime = absl::Seconds(30);  // an hour and a little, most of it over
  const v1::AgentIdentity identity = Enrolled();
  ASSERT_TRUE(SaveIdentity(state_, identity).ok());
  collector_.lifetime = absl::Hours(20);
  CurrentChannel channel(identity);
  ControlSession session(Options(identity), channel, Clock::Real());
  session.Start(runner_);
  EXPECT_TRUE(collector_.Hears([](FakeCollector& c) { return c.renewals == 1 && !c.heard.empty(); }));
  session.Stop();
  const absl::StatusOr<v1::AgentIdentity> kept = LoadIdentity(state_);
  ASSERT_TRUE(kept.ok());
  EXPECT_NE(kept->certificate_chain_pem(), identity.certificate_chain_pem());
  EXPECT_EQ(kept->private_key_pem(), identity.private_key_pem());
}

TEST_F(ControlSessionTest, AnotherCollectorThanTheTokensIsNotSpokenTo) {
  FakeCollector other;
  const absl::Status status = Enroll(other.address(), collector_.Token(), v1::HostFacts()).status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
}

TEST_F(ControlSessionTest, AnAnswerThatTheAuthorityDoesNotVouchForIsNotBelieved) {
  FakeCollector other;
  collector_.spoil = [&](v1::EnrollResponse& response) {
    // Another authority's delegation and another CA's certificate, each fine by itself.
    v1::HostFacts facts;
    const absl::StatusOr<v1::AgentIdentity> elsewhere = Enroll(other.address(), other.Token(), facts);
    ASSERT_TRUE(elsewhere.ok());
    *response.mutable_delegation() = elsewhere->delegation();
    response.set_certificate_chain_pem(elsewhere->certificate_chain_pem());
  };
  EXPECT_TRUE(absl::IsDataLoss(Enroll(collector_.address(), collector_.Token(), v1::HostFacts()).status()));
  collector_.spoil = [&](v1::EnrollResponse& response) {
    // A right certificate, but for somebody else's key.
    const PrivateKey key = *PrivateKey::Generate(KeyType::kEcdsaP256);
    response.set_certificate_chain_pem(collector_.Issue(CertificateRequest::Create(key, "x")->ToDer()));
  };
  EXPECT_TRUE(absl::IsDataLoss(Enroll(collector_.address(), collector_.Token(), v1::HostFacts()).status()));
  collector_.spoil = [&](v1::EnrollResponse& response) { response.set_host_id("host-2"); };
  EXPECT_FALSE(Enroll(collector_.address(), collector_.Token(), v1::HostFacts()).ok());
}

TEST_F(ControlSessionTest, ATokenThatTheCollectorDoesNotKnowIsRefused) {
  v1::EnrollmentToken token = *DecodeEnrollmentToken(collector_.Token());
  token.set_secret(std::string(32, 'x'));
  EXPECT_TRUE(
      absl::IsPermissionDenied(Enroll(collector_.address(), EncodeEnrollmentToken(token), v1::HostFacts()).status()));
}

TEST_F(ControlSessionTest, TheIdentityIsForItsOwnerAloneAndAPolicyIsNeverGuessed) {
  EXPECT_TRUE(absl::IsNotFound(LoadIdentity(state_).status()));
  v1::AgentIdentity identity;
  identity.set_format_version(1);
  ASSERT_TRUE(SaveIdentity(state_, identity).ok());
  EXPECT_EQ(std::filesystem::status(state_ / "state.pb").permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  identity.set_format_version(2);
  ASSERT_TRUE(SaveIdentity(state_, identity).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(LoadIdentity(state_).status()));

  EXPECT_TRUE(LoadPolicy(state_).ok());
  std::ofstream(state_ / "policy.textproto") << "refuse_disks: true approvals: 2\n";
  const absl::StatusOr<v1::LocalPolicy> policy = LoadPolicy(state_);
  ASSERT_TRUE(policy.ok());
  EXPECT_TRUE(policy->refuse_disks());
  EXPECT_EQ(policy->approvals(), 2u);
  std::ofstream(state_ / "policy.textproto") << "refuse_disk: true\n";
  EXPECT_TRUE(absl::IsInvalidArgument(LoadPolicy(state_).status()));
}

TEST_F(ControlSessionTest, AStateFolderThatOthersMayEnterIsNotUsed) {
  const std::filesystem::path folder = state_ / "agent";
  ASSERT_TRUE(PrepareStateFolder(folder).ok());
  EXPECT_TRUE(PrepareStateFolder(folder).ok());
  std::ofstream(folder / "something") << "x";
  std::filesystem::permissions(folder, std::filesystem::perms::all);
  EXPECT_TRUE(absl::IsFailedPrecondition(PrepareStateFolder(folder)));
}

TEST_F(ControlSessionTest, AnEmptyStateFolderIsMadePrivateUnlessItIsAnothers) {
  const std::filesystem::path folder = state_ / "agent";
  std::filesystem::create_directory(folder);
  std::filesystem::permissions(folder, std::filesystem::perms::all);
  EXPECT_EQ(PrepareStateFolder(folder), absl::OkStatus());
  EXPECT_EQ(std::filesystem::status(folder).permissions(), std::filesystem::perms::owner_all);
  if (::chown(folder.c_str(), 1234, static_cast<gid_t>(-1)) != 0) GTEST_SKIP() << "giving a folder away takes root";
  const absl::Status anothers = PrepareStateFolder(folder);
  EXPECT_TRUE(absl::IsFailedPrecondition(anothers)) << anothers;
}

TEST(ReportQueueTest, KeepsEventsInOrderAndOnlyTheNewestProgress) {
  ReportQueue queue(2);
  const auto progress = [](const std::string& id, uint64_t items) {
    v1::AgentMessage message;
    message.mutable_progress()->set_acquisition_id(id);
    message.mutable_progress()->set_items(items);
    return message;
  };
  const auto event = [](const std::string& id, v1::AcquisitionEvent::Kind kind) {
    v1::AgentMessage message;
    message.mutable_event()->set_acquisition_id(id);
    message.mutable_event()->set_kind(kind);
    return message;
  };
  queue.Push(progress("a", 1));
  queue.Push(progress("a", 2));
  queue.Push(progress("b", 3));
  queue.Push(event("oldest", v1::AcquisitionEvent::KIND_ACCEPTED));
  queue.Push(event("a", v1::AcquisitionEvent::KIND_ACCEPTED));
  queue.Push(event("b", v1::AcquisitionEvent::KIND_COMMITTED));
  EXPECT_EQ(queue.Pop()->event().acquisition_id(), "a");
  EXPECT_EQ(queue.Pop()->event().acquisition_id(), "b");
  EXPECT_EQ(queue.Pop()->progress().items(), 2u);
  EXPECT_TRUE(queue.empty());
  EXPECT_FALSE(queue.Pop().has_value());
}

}  // namespace
}  // namespace hozen

int main(int argc, char** argv) {
  hozen::RequireTls13();
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
