#include "collector/service/administration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "collector/export/testing_evidence.h"
#include "core/evidence/trust.h"
#include "core/plan/plan.h"

namespace hozen {
namespace {

using ::testing::HasSubstr;

const Caller kServiceAdmin{
    .kind = Caller::Kind::kServiceAdmin, .customer_id = {}, .name = "root", .role = {}, .public_key_der = {}};

class AdministrationTest : public ::testing::Test {
 protected:
  Caller Operator(std::string role) {
    return {.kind = Caller::Kind::kOperator,
            .customer_id = made_.vault().customer_id(),
            .name = "bob",
            .role = std::move(role),
            .public_key_der = {}};
  }

  // What the operator's side makes of what BeginCustomer gave.
  v1::FinishCustomerRequest Finish(const v1::BeginCustomerResponse& begun, const PrivateKey& authority) {
    v1::Delegation delegation;
    delegation.set_format_version(1);
    delegation.set_customer_id(begun.customer_id());
    delegation.set_customer_name("globex");
    delegation.set_host_ca_public_key(begun.host_ca_public_key());
    delegation.set_custody_log_key(begun.custody_log_key());
    delegation.set_custody_log_origin(begun.custody_log_origin());
    v1::OperatorCertificate certificate;
    certificate.set_format_version(1);
    certificate.set_customer_id(begun.customer_id());
    certificate.set_name("carol");
    certificate.set_role("admin");
    certificate.set_public_key(key_.public_key().ToDer());
    certificate.set_not_before_unix_ns(made_.clock().NowUnixNs() - 1);
    certificate.set_not_after_unix_ns(absl::ToUnixNanos(made_.clock().Now() + absl::Hours(24 * 1000)));
    v1::FinishCustomerRequest request;
    request.set_customer_id(begun.customer_id());
    request.set_authority_public_key(authority.public_key().ToDer());
    *request.mutable_delegation() = *SignDelegation(delegation, authority);
    *request.mutable_admin()->mutable_certificate() = *SignOperatorCertificate(certificate, authority);
    request.mutable_admin()->set_certificate_request_der(CertificateRequest::Create(key_, "carol")->ToDer());
    return request;
  }

  v1::BeginCustomerResponse Begin() {
    v1::BeginCustomerRequest request;
    request.set_name("globex");
    const auto begun = administration_.BeginCustomer(kServiceAdmin, request);
    EXPECT_TRUE(begun.ok()) << begun.status();
    return begun.value_or(v1::BeginCustomerResponse());
  }

  v1::AddOperatorRequest Add(std::string name, std::string role, const PrivateKey& key) {
    v1::AddOperatorRequest request;
    *request.mutable_certificate() = made_.OperatorCertificateOf(name, role, key.public_key());
    request.set_certificate_request_der(CertificateRequest::Create(key, name)->ToDer());
    return request;
  }

  TestingEvidence made_;
  Fleet fleet_{made_.customers(), made_.catalog(), made_.clock()};
  Administration administration_{
      ServiceContext{made_.customers(), made_.catalog(), fleet_, made_.root(), made_.clock()}};
  const PrivateKey authority_ = *PrivateKey::Generate(KeyType::kEd25519);
  const PrivateKey key_ = *PrivateKey::Generate(KeyType::kEd25519);
};

TEST_F(AdministrationTest, ACustomerIsMadeInTwoStepsAndItsAdminMayCall) {
  const v1::BeginCustomerResponse begun = Begin();
  const auto finished = administration_.FinishCustomer(kServiceAdmin, Finish(begun, authority_));
  ASSERT_TRUE(finished.ok()) << finished.status();
  const auto caller = IdentifyCaller(finished->admin().certificate_chain_pem(), made_.catalog(), made_.clock().Now());
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_EQ(caller->customer_id, begun.customer_id());
  EXPECT_EQ(caller->role, "admin");
  const auto certificate = Certificate::FromPem(finished->admin().certificate_chain_pem());
  EXPECT_EQ(certificate->not_after(), made_.clock().Now() + absl::Hours(24 * 365));
  EXPECT_TRUE(certificate->VerifySignedBy(made_.root().certificate()).ok());
  CustodyLog& log = (*made_.customers().Get(begun.customer_id()))->custody();
  ASSERT_EQ(log.size(), 2u);
  EXPECT_THAT(*log.Entry(0), HasSubstr("customer.created"));
  EXPECT_THAT(*log.Entry(1), HasSubstr("operator.added"));
  // The name is taken now, and the customer keeps its authority.
  v1::BeginCustomerRequest again;
  again.set_name("globex");
  EXPECT_TRUE(absl::IsAlreadyExists(administration_.BeginCustomer(kServiceAdmin, again).status()));
  const PrivateKey other = *PrivateKey::Generate(KeyType::kEd25519);
  EXPECT_TRUE(absl::IsFailedPrecondition(administration_.FinishCustomer(kServiceAdmin, Finish(begun, other)).status()));
}

TEST_F(AdministrationTest, AnInterruptedBeginningCanBeGivenAgain) {
  const v1::BeginCustomerResponse first = Begin();
  EXPECT_EQ(Begin().SerializeAsString(), first.SerializeAsString());
}

TEST_F(AdministrationTest, ADelegationForOtherKeysIsRefused) {
  const v1::BeginCustomerResponse begun = Begin();
  const auto with = [&](auto change) {
    v1::BeginCustomerResponse changed = begun;
    change(changed);
    v1::FinishCustomerRequest request = Finish(changed, authority_);
    request.set_customer_id(begun.customer_id());
    return administration_.FinishCustomer(kServiceAdmin, request).status();
  };
  const std::string other_key = key_.public_key().ToDer();
  EXPECT_TRUE(absl::IsInvalidArgument(with([&](auto& b) { b.set_host_ca_public_key(other_key); })));
  EXPECT_TRUE(absl::IsInvalidArgument(with([&](auto& b) { b.set_custody_log_key(std::string(32, 'x')); })));
  EXPECT_TRUE(absl::IsInvalidArgument(with([&](auto& b) { b.set_custody_log_origin("elsewhere"); })));
  EXPECT_TRUE(absl::IsInvalidArgument(with([&](auto& b) { b.set_customer_id(made_.vault().customer_id()); })));
  v1::FinishCustomerRequest unsigned_by_it = Finish(begun, authority_);
  unsigned_by_it.set_authority_public_key(key_.public_key().ToDer());
  EXPECT_TRUE(absl::IsDataLoss(administration_.FinishCustomer(kServiceAdmin, unsigned_by_it).status()));
  EXPECT_FALSE(made_.catalog().GetCustomer(begun.customer_id())->ready);
}

TEST_F(AdministrationTest, AnOperatorIsWhoTheAuthoritySaysWithThatKey) {
  EXPECT_TRUE(administration_.AddOperator(Operator("admin"), Add("dave", "analyst", key_)).ok());
  EXPECT_EQ(made_.catalog().GetOperator(made_.vault().customer_id(), "dave")->role, "analyst");
  EXPECT_TRUE(
      absl::IsAlreadyExists(administration_.AddOperator(Operator("admin"), Add("dave", "admin", key_)).status()));

  v1::AddOperatorRequest other_key = Add("erin", "analyst", key_);
  const PrivateKey stolen = *PrivateKey::Generate(KeyType::kEd25519);
  other_key.set_certificate_request_der(CertificateRequest::Create(stolen, "erin")->ToDer());
  EXPECT_TRUE(absl::IsInvalidArgument(administration_.AddOperator(Operator("admin"), other_key).status()));

  v1::AddOperatorRequest forged = Add("erin", "admin", key_);
  forged.mutable_certificate()->mutable_payload()->back() ^= 1;
  EXPECT_TRUE(absl::IsDataLoss(administration_.AddOperator(Operator("admin"), forged).status()));
  EXPECT_TRUE(
      absl::IsInvalidArgument(administration_.AddOperator(Operator("admin"), Add("a/b", "admin", key_)).status()));
}

TEST_F(AdministrationTest, NobodyElseMay) {
  EXPECT_TRUE(absl::IsPermissionDenied(administration_.BeginCustomer(Operator("admin"), {}).status()));
  EXPECT_TRUE(absl::IsPermissionDenied(administration_.FinishCustomer(Operator("admin"), {}).status()));
  for (const char* role : {"responder", "analyst", "approver", "auditor"}) {
    EXPECT_TRUE(
        absl::IsPermissionDenied(administration_.AddOperator(Operator(role), Add("dave", "admin", key_)).status()));
    EXPECT_TRUE(absl::IsPermissionDenied(administration_.CreateToken(Operator(role), {}).status()));
  }
  EXPECT_TRUE(absl::IsPermissionDenied(administration_.CreateToken(kServiceAdmin, {}).status()));
}

TEST_F(AdministrationTest, ATokenIsBoundAndUsable) {
  v1::CreateTokenRequest request;
  const Digest secret = Sha256::Of("secret");
  request.set_secret_sha256(std::string(secret.bytes()));
  request.set_uses(1);
  request.set_label("office");
  request.set_expires_unix_ns(absl::ToUnixNanos(made_.clock().Now() + absl::Hours(1)));
  ASSERT_TRUE(administration_.CreateToken(Operator("admin"), request).ok());
  const auto use = made_.catalog().UseToken(secret, made_.clock().NowUnixNs());
  ASSERT_TRUE(use.ok()) << use.status();
  EXPECT_EQ(use->label, "office");
  const auto refused = [&](auto change) {
    v1::CreateTokenRequest changed = request;
    change(changed);
    return absl::IsInvalidArgument(administration_.CreateToken(Operator("admin"), changed).status());
  };
  EXPECT_TRUE(refused([](auto& r) { r.set_uses(0); }));
  EXPECT_TRUE(refused([](auto& r) { r.set_uses(4'000'000'000); }));
  EXPECT_TRUE(refused([](auto& r) { r.set_secret_sha256("short"); }));
  EXPECT_TRUE(refused([&](auto& r) { r.set_expires_unix_ns(made_.clock().NowUnixNs()); }));
  EXPECT_TRUE(refused([](auto& r) { r.set_expires_unix_ns(INT64_MAX); }));
  EXPECT_TRUE(refused([](auto& r) { r.set_label("two\nlines"); }));
}

}  // namespace
}  // namespace hozen
