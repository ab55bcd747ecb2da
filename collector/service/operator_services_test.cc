// The three services over mutual TLS, as a command line calls them.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "collector/export/testing_evidence.h"
#include "collector/service/admin_service.h"
#include "collector/service/administration.h"
#include "collector/service/analyst_service.h"
#include "collector/service/responder_service.h"
#include "core/base/concat.h"
#include "proto/hozen/v1/operators.grpc.pb.h"

namespace hozen {
namespace {

using ::testing::HasSubstr;

class OperatorServicesTest : public ::testing::Test {
 protected:
  OperatorServicesTest()
      : made_(absl::Now()),
        fleet_(made_.customers(), made_.catalog(), made_.clock()),
        context_{made_.customers(), made_.catalog(), fleet_, made_.root(), made_.clock()},
        admin_(NewAdminService(context_)),
        responder_(NewResponderService(context_)),
        analyst_(NewAnalystService(context_)) {
    const PrivateKey key = *PrivateKey::Generate(KeyType::kEcdsaP256);
    const Certificate certificate = *made_.root().Issue(key.public_key(), {.common_name = "collector",
                                                                           .uri = {},
                                                                           .dns_names = {"localhost"},
                                                                           .not_before = absl::Now() - absl::Hours(1),
                                                                           .not_after = absl::Now() + absl::Hours(1),
                                                                           .server = true});
    grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    options.pem_root_certs = made_.root().certificate().ToPem();
    options.pem_key_cert_pairs.push_back({key.ToSecretPem(), certificate.ToPem()});
    grpc::ServerBuilder builder;
    builder.AddListeningPort("localhost:0", grpc::SslServerCredentials(options), &port_);
    builder.RegisterService(admin_.get());
    builder.RegisterService(responder_.get());
    builder.RegisterService(analyst_.get());
    server_ = builder.BuildAndStart();
  }
  ~OperatorServicesTest() override { server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(5)); }

  // A connection as an operator that an admin has added.
  std::shared_ptr<grpc::Channel> Connect(std::string name, std::string role) {
    const PrivateKey key = *PrivateKey::Generate(KeyType::kEcdsaP256);
    v1::AddOperatorRequest request;
    *request.mutable_certificate() = made_.OperatorCertificateOf(name, role, key.public_key());
    request.set_certificate_request_der(CertificateRequest::Create(key, name)->ToDer());
    const Caller admin{.kind = Caller::Kind::kOperator,
                       .customer_id = made_.vault().customer_id(),
                       .name = "root",
                       .role = "admin",
                       .public_key_der = {}};
    const auto added = Administration(context_).AddOperator(admin, request);
    EXPECT_TRUE(added.ok()) << added.status();
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = made_.root().certificate().ToPem();
    options.pem_private_key = key.ToSecretPem();
    options.pem_cert_chain = added->certificate_chain_pem();
    return grpc::CreateChannel(Concat("localhost:", port_), grpc::SslCredentials(options));
  }

  static void SetDeadline(grpc::ClientContext& call) {
    call.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  }

  TestingEvidence made_;
  Fleet fleet_;
  const ServiceContext context_;
  std::unique_ptr<grpc::Service> admin_;
  std::unique_ptr<grpc::Service> responder_;
  std::unique_ptr<grpc::Service> analyst_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST_F(OperatorServicesTest, AnAnalystExportsOverTheWire) {
  std::string big(3'000'000, '\0');
  for (size_t i = 0; i < big.size(); ++i) big[i] = static_cast<char>(i * i >> 7);
  v1::Item disk;
  disk.set_kind(v1::Item::KIND_DISK);
  disk.set_path("/dev/sda");
  std::vector<v1::Extent> extents;
  for (size_t at = 0; at < big.size(); at += 1'000'000) extents.push_back(made_.Chunk(big.substr(at, 1'000'000)));
  extents.push_back(ZerosExtent(5'000'000));
  made_.AddStream(disk, extents);
  made_.Commit();
  const auto stub = v1::Analyst::NewStub(Connect("ann", "analyst"));
  grpc::ClientContext call;
  SetDeadline(call);
  v1::ExportRequest request;
  request.set_acquisition_id(made_.acquisition_id());
  request.set_format("raw");
  const auto reader = stub->Export(&call, request);
  std::string bytes;
  v1::StreamPart part;
  uint64_t expected = 0;
  v1::StreamEnd end;
  while (reader->Read(&part)) {
    if (part.has_expected_bytes()) expected = part.expected_bytes();
    if (part.has_data()) bytes += part.data();
    if (part.has_zero_bytes()) bytes.append(part.zero_bytes(), '\0');
    if (part.has_end()) end = part.end();
  }
  const grpc::Status status = reader->Finish();
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(expected, 8'000'000u);
  EXPECT_EQ(bytes, big + std::string(5'000'000, '\0'));
  EXPECT_EQ(end.sha256(), Sha256::Of(bytes).bytes());
}

TEST_F(OperatorServicesTest, ARoleThatMayNotGetsPermissionDenied) {
  made_.AddFile("/a", "a");
  made_.Commit();
  const auto channel = Connect("aud", "auditor");
  grpc::ClientContext export_call;
  SetDeadline(export_call);
  v1::ExportRequest request;
  request.set_acquisition_id(made_.acquisition_id());
  request.set_format("zip");
  const auto reader = v1::Analyst::NewStub(channel)->Export(&export_call, request);
  v1::StreamPart part;
  EXPECT_FALSE(reader->Read(&part));
  const grpc::Status refused = reader->Finish();
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(refused.error_message(), HasSubstr("auditor"));
  grpc::ClientContext token_call;
  SetDeadline(token_call);
  v1::CreateTokenResponse token;
  EXPECT_EQ(v1::Admin::NewStub(channel)->CreateToken(&token_call, {}, &token).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  grpc::ClientContext hosts_call;
  SetDeadline(hosts_call);
  v1::ListHostsResponse hosts;
  const grpc::Status listed = v1::Responder::NewStub(channel)->ListHosts(&hosts_call, {}, &hosts);
  EXPECT_TRUE(listed.ok()) << listed.error_message();
  EXPECT_EQ(hosts.hosts_size(), 1);
}

TEST_F(OperatorServicesTest, ACancelledWatchFreesItsThread) {
  const auto stub = v1::Responder::NewStub(Connect("rita", "responder"));
  grpc::ClientContext call;
  SetDeadline(call);
  v1::GetAcquisitionRequest request;
  request.set_acquisition_id(made_.acquisition_id());
  const auto reader = stub->WatchAcquisition(&call, request);
  v1::Acquisition acquisition;
  ASSERT_TRUE(reader->Read(&acquisition));
  EXPECT_EQ(acquisition.state(), v1::Acquisition::STATE_RUNNING);
  call.TryCancel();
  while (reader->Read(&acquisition)) {
  }
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  const absl::Time start = absl::Now();
  server_->Shutdown();  // waits for every handler
  EXPECT_LT(absl::Now() - start, absl::Seconds(3));
}

}  // namespace
}  // namespace hozen
