#include "core/plan/plan.h"

#include <random>
#include <string>

#include "core/base/concat.h"
#include "core/crypto/envelope.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::HasSubstr;

constexpr absl::StatusCode kInvalidArgument = absl::StatusCode::kInvalidArgument;
constexpr absl::StatusCode kPermissionDenied = absl::StatusCode::kPermissionDenied;
constexpr absl::StatusCode kFailedPrecondition = absl::StatusCode::kFailedPrecondition;
constexpr absl::StatusCode kDataLoss = absl::StatusCode::kDataLoss;

absl::Time Now() { return absl::FromUnixSeconds(1'800'000'000); }

PrivateKey NewKey(KeyType type = KeyType::kEd25519) { return *PrivateKey::Generate(type); }

// A person of the customer "acme", with a key and what the authority says of it.
struct Person {
  PrivateKey key;
  v1::OperatorCertificate certificate;
  v1::Envelope envelope;
};

class PlanTest : public ::testing::Test {
 protected:
  Person NewPerson(std::string_view name, std::string_view role, std::string_view customer = "acme") {
    Person person{NewKey(), {}, {}};
    person.certificate.set_format_version(1);
    person.certificate.set_customer_id(std::string(customer));
    person.certificate.set_name(std::string(name));
    person.certificate.set_role(std::string(role));
    person.certificate.set_public_key(person.key.public_key().ToDer());
    person.certificate.set_not_before_unix_ns(absl::ToUnixNanos(Now() - absl::Hours(24)));
    person.certificate.set_not_after_unix_ns(absl::ToUnixNanos(Now() + absl::Hours(24)));
    person.envelope = *SignOperatorCertificate(person.certificate, authority_);
    return person;
  }

  static v1::Plan NewPlan() {
    v1::Plan plan;
    plan.set_format_version(1);
    plan.set_plan_id("0123456789abcdef");
    plan.set_customer_id("acme");
    plan.add_host_ids("host-1");
    plan.add_host_ids("host-2");
    plan.mutable_limits()->set_deadline_unix_ns(absl::ToUnixNanos(Now() + absl::Hours(1)));
    plan.set_created_unix_ns(absl::ToUnixNanos(Now()));
    plan.set_operator_name("alice");
    v1::Target* target = plan.add_targets();
    target->mutable_file()->set_pattern("%%users.homedir%%/.bash_history");
    target->mutable_file()->set_separator("/");
    plan.add_targets()->mutable_command()->set_command("/bin/ps");
    plan.add_targets()->mutable_disk()->set_path("/dev/sda");
    return plan;
  }

  v1::SignedPlan Sign(const v1::Plan& plan) {
    absl::StatusOr<v1::SignedPlan> signed_plan = SignPlan(plan, alice_.key, alice_.envelope);
    EXPECT_TRUE(signed_plan.ok()) << signed_plan.status();
    return *std::move(signed_plan);
  }

  // Signed without a look at what it says, as somebody who means no good would.
  v1::SignedPlan SignBlindly(const v1::Plan& plan, const Person& person) {
    v1::SignedPlan signed_plan;
    *signed_plan.mutable_plan() = *SignEnvelope(kPlanType, plan.SerializeAsString(), person.key);
    *signed_plan.mutable_operator_certificate() = person.envelope;
    return signed_plan;
  }

  absl::Status Verify(const v1::SignedPlan& signed_plan) {
    return VerifyPlan(signed_plan, authority_.public_key(), expectation_).status();
  }

  static void Approve(const Person& person, v1::SignedPlan& signed_plan) {
    absl::StatusOr<v1::SignedApproval> approval =
        SignApproval(signed_plan, person.certificate.name(), Now(), person.key, person.envelope);
    ASSERT_TRUE(approval.ok()) << approval.status();
    *signed_plan.add_approvals() = *std::move(approval);
  }

  PrivateKey authority_ = NewKey(KeyType::kEcdsaP256);
  Person alice_ = NewPerson("alice", "responder");
  PlanExpectation expectation_{"acme", "host-1", Now(), 0};
};

TEST_F(PlanTest, AGoodPlanIsVerified) {
  const v1::SignedPlan signed_plan = Sign(NewPlan());
  absl::StatusOr<v1::Plan> plan = VerifyPlan(signed_plan, authority_.public_key(), expectation_);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->SerializeAsString(), NewPlan().SerializeAsString());
  expectation_.host_id = "";
  EXPECT_TRUE(Verify(signed_plan).ok());
}

TEST_F(PlanTest, AdminsMayOrderAndOthersMayNot) {
  for (const std::string_view role : kRoles) {
    const Person person = NewPerson("alice", role);
    const absl::Status status = Verify(SignBlindly(NewPlan(), person));
    EXPECT_EQ(status.code(), MayOrder(role) ? absl::StatusCode::kOk : kPermissionDenied) << role;
  }
  EXPECT_TRUE(MayOrder("responder"));
  EXPECT_TRUE(MayOrder("admin"));
  EXPECT_FALSE(MayOrder("root"));
  EXPECT_FALSE(IsRole("root"));
}

TEST_F(PlanTest, OtherBytesThanTheSignedOnesAreRefused) {
  v1::SignedPlan signed_plan = Sign(NewPlan());
  v1::Plan other = NewPlan();
  other.set_reason("something else");
  signed_plan.mutable_plan()->set_payload(other.SerializeAsString());
  EXPECT_EQ(Verify(signed_plan).code(), kDataLoss);
}

TEST_F(PlanTest, AnotherOperatorsSignatureIsRefused) {
  v1::SignedPlan signed_plan = SignBlindly(NewPlan(), NewPerson("mallory", "responder"));
  *signed_plan.mutable_operator_certificate() = alice_.envelope;
  EXPECT_EQ(Verify(signed_plan).code(), kDataLoss);
}

TEST_F(PlanTest, ASelfMadeOperatorIsRefused) {
  Person mallory = NewPerson("alice", "responder");
  mallory.envelope = *SignOperatorCertificate(mallory.certificate, mallory.key);
  EXPECT_EQ(Verify(SignBlindly(NewPlan(), mallory)).code(), kDataLoss);
}

TEST_F(PlanTest, OneTypeDoesNotPassForAnother) {
  v1::SignedPlan signed_plan = Sign(NewPlan());
  *signed_plan.mutable_plan() = *SignEnvelope(kApprovalType, signed_plan.plan().payload(), alice_.key);
  EXPECT_EQ(Verify(signed_plan).code(), kInvalidArgument);
  signed_plan = Sign(NewPlan());
  *signed_plan.mutable_operator_certificate() = *SignEnvelope(kPlanType, alice_.envelope.payload(), authority_);
  EXPECT_EQ(Verify(signed_plan).code(), kInvalidArgument);
}

TEST_F(PlanTest, NobodySignsInAnothersName) {
  v1::Plan plan = NewPlan();
  plan.set_operator_name("bob");
  EXPECT_EQ(Verify(SignBlindly(plan, alice_)).code(), kPermissionDenied);
}

TEST_F(PlanTest, CustomersDoNotMeet) {
  v1::Plan plan = NewPlan();
  plan.set_customer_id("other");
  EXPECT_EQ(Verify(SignBlindly(plan, alice_)).code(), kPermissionDenied);
  EXPECT_EQ(Verify(SignBlindly(NewPlan(), NewPerson("alice", "responder", "other"))).code(), kPermissionDenied);
}

TEST_F(PlanTest, APlanForOtherHostsIsRefused) {
  expectation_.host_id = "host-3";
  EXPECT_EQ(Verify(Sign(NewPlan())).code(), kPermissionDenied);
  expectation_.host_id = "host-2";
  EXPECT_TRUE(Verify(Sign(NewPlan())).ok());
}

TEST_F(PlanTest, CertificatesHaveDates) {
  const v1::SignedPlan signed_plan = Sign(NewPlan());
  expectation_.now = Now() + absl::Hours(25);
  EXPECT_EQ(Verify(signed_plan).code(), kFailedPrecondition);
  expectation_.now = Now() - absl::Hours(25);
  EXPECT_EQ(Verify(signed_plan).code(), kFailedPrecondition);
}

TEST_F(PlanTest, ADeadlineThatHasPassedIsRefused) {
  const v1::SignedPlan signed_plan = Sign(NewPlan());
  expectation_.now = Now() + absl::Hours(1) - absl::Nanoseconds(1);
  EXPECT_TRUE(Verify(signed_plan).ok());
  expectation_.now = Now() + absl::Hours(1);
  EXPECT_EQ(Verify(signed_plan).code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(PlanTest, ADeadlineIsAtMostNinetyDaysAhead) {
  v1::Plan plan = NewPlan();
  plan.mutable_limits()->set_deadline_unix_ns(absl::ToUnixNanos(Now() + absl::Hours(24 * 90)));
  EXPECT_TRUE(Verify(Sign(plan)).ok());
  plan.mutable_limits()->set_deadline_unix_ns(absl::ToUnixNanos(Now() + absl::Hours(24 * 90)) + 1);
  EXPECT_EQ(Verify(Sign(plan)).code(), kInvalidArgument);
}

TEST_F(PlanTest, APlanOfTheFutureIsRefused) {
  v1::Plan plan = NewPlan();
  plan.set_created_unix_ns(absl::ToUnixNanos(Now() + absl::Hours(24)));
  EXPECT_TRUE(Verify(Sign(plan)).ok());
  plan.set_created_unix_ns(absl::ToUnixNanos(Now() + absl::Hours(24)) + 1);
  EXPECT_EQ(Verify(Sign(plan)).code(), kFailedPrecondition);
}

TEST_F(PlanTest, TheSignersKeyMustBeTheCertified) {
  EXPECT_EQ(SignPlan(NewPlan(), NewKey(), alice_.envelope).status().code(), kInvalidArgument);
  v1::Plan plan = NewPlan();
  plan.set_operator_name("bob");
  EXPECT_EQ(SignPlan(plan, alice_.key, alice_.envelope).status().code(), kInvalidArgument);
  plan = NewPlan();
  plan.clear_targets();
  EXPECT_EQ(SignPlan(plan, alice_.key, alice_.envelope).status().code(), kInvalidArgument);
}

TEST_F(PlanTest, ApprovalsAreCounted) {
  expectation_.approvals = 2;
  v1::SignedPlan signed_plan = Sign(NewPlan());
  EXPECT_EQ(Verify(signed_plan).code(), kPermissionDenied);
  Approve(NewPerson("bob", "approver"), signed_plan);
  EXPECT_EQ(Verify(signed_plan).code(), kPermissionDenied);
  Approve(NewPerson("carol", "admin"), signed_plan);
  EXPECT_TRUE(Verify(signed_plan).ok()) << Verify(signed_plan);
}

TEST_F(PlanTest, OnePersonApprovesOnce) {
  expectation_.approvals = 2;
  v1::SignedPlan signed_plan = Sign(NewPlan());
  const Person bob = NewPerson("bob", "approver");
  Approve(bob, signed_plan);
  Approve(bob, signed_plan);
  EXPECT_EQ(Verify(signed_plan).code(), kPermissionDenied);
  // Another key of the same person, and another name of the same key.
  Approve(NewPerson("bob", "approver"), signed_plan);
  Person again = bob;
  again.certificate.set_name("bobby");
  again.envelope = *SignOperatorCertificate(again.certificate, authority_);
  Approve(again, signed_plan);
  EXPECT_EQ(Verify(signed_plan).code(), kPermissionDenied);
}

TEST_F(PlanTest, TheAuthorsOwnApprovalDoesNotCount) {
  expectation_.approvals = 1;
  alice_ = NewPerson("alice", "admin");
  v1::SignedPlan signed_plan = Sign(NewPlan());
  Approve(alice_, signed_plan);
  Approve(NewPerson("alice", "approver"), signed_plan);
  Person alias = alice_;
  alias.certificate.set_name("alice2");
  alias.envelope = *SignOperatorCertificate(alias.certificate, authority_);
  Approve(alias, signed_plan);
  EXPECT_EQ(Verify(signed_plan).code(), kPermissionDenied);
}

TEST_F(PlanTest, ApprovalsThatDoNotHoldDoNotCount) {
  expectation_.approvals = 1;
  v1::SignedPlan signed_plan = Sign(NewPlan());
  Approve(NewPerson("bob", "responder"), signed_plan);
  Approve(NewPerson("bob", "approver", "other"), signed_plan);
  const Person bob = NewPerson("bob", "approver");

  v1::SignedPlan other = Sign([] {
    v1::Plan plan = NewPlan();
    plan.set_reason("another plan");
    return plan;
  }());
  Approve(bob, other);
  *signed_plan.add_approvals() = other.approvals(0);

  v1::SignedApproval approval = *SignApproval(signed_plan, "carol", Now(), bob.key, bob.envelope);
  *signed_plan.add_approvals() = approval;
  approval = *SignApproval(signed_plan, "bob", Now() + absl::Hours(25), bob.key, bob.envelope);
  *signed_plan.add_approvals() = approval;
  approval = *SignApproval(signed_plan, "bob", Now(), alice_.key, bob.envelope);
  *signed_plan.add_approvals() = approval;

  const absl::Status status = Verify(signed_plan);
  EXPECT_EQ(status.code(), kPermissionDenied);
  EXPECT_THAT(std::string(status.message()), HasSubstr("the plan has 0"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("bob is responder"));
  // They do not spoil a good one either.
  Approve(bob, signed_plan);
  EXPECT_TRUE(Verify(signed_plan).ok()) << Verify(signed_plan);
}

TEST_F(PlanTest, NamesAreDerivedAlike) {
  const v1::SignedPlan signed_plan = Sign(NewPlan());
  const Digest digest = PlanDigest(signed_plan);
  EXPECT_EQ(digest, Sha256::Of(signed_plan.plan().payload()));
  const std::string id = AcquisitionId(digest, "host-1");
  EXPECT_EQ(id, Sha256::Of(Concat(digest.bytes(), "host-1")).ToHex().substr(0, 16));
  EXPECT_NE(id, AcquisitionId(digest, "host-2"));
}

void ExpectBadCertificate(const v1::OperatorCertificate& certificate, const PrivateKey& authority) {
  EXPECT_EQ(SignOperatorCertificate(certificate, authority).status().code(), kInvalidArgument);
  const v1::Envelope envelope = *SignEnvelope(kOperatorCertificateType, certificate.SerializeAsString(), authority);
  EXPECT_EQ(VerifyOperatorCertificate(envelope, authority.public_key(), "acme", Now()).status().code(),
            kInvalidArgument);
}

TEST_F(PlanTest, MalformedCertificatesAreRefused) {
  v1::OperatorCertificate certificate = alice_.certificate;
  certificate.set_format_version(2);
  ExpectBadCertificate(certificate, authority_);
  certificate = alice_.certificate;
  certificate.set_role("root");
  ExpectBadCertificate(certificate, authority_);
  certificate = alice_.certificate;
  certificate.clear_name();
  ExpectBadCertificate(certificate, authority_);
  certificate = alice_.certificate;
  certificate.set_public_key("not a key");
  ExpectBadCertificate(certificate, authority_);
  certificate = alice_.certificate;
  certificate.set_not_after_unix_ns(certificate.not_before_unix_ns() - 1);
  ExpectBadCertificate(certificate, authority_);
  const v1::Envelope garbage = *SignEnvelope(kOperatorCertificateType, "\xff\xff\xff", authority_);
  EXPECT_EQ(VerifyOperatorCertificate(garbage, authority_.public_key(), "acme", Now()).status().code(),
            kInvalidArgument);
}

class CheckPlanTest : public PlanTest {
 protected:
  void ExpectBad(std::string_view says) {
    const absl::Status status = CheckPlan(plan_);
    EXPECT_EQ(status.code(), kInvalidArgument) << says;
    EXPECT_THAT(std::string(status.message()), HasSubstr(std::string(says)));
    EXPECT_EQ(Verify(SignBlindly(plan_, alice_)).code(), kInvalidArgument);
    plan_ = NewPlan();
  }
  v1::Plan plan_ = NewPlan();
};

TEST_F(CheckPlanTest, TheSampleIsGood) { EXPECT_TRUE(CheckPlan(plan_).ok()) << CheckPlan(plan_); }

TEST_F(CheckPlanTest, WhatAPlanMustSay) {
  plan_.set_format_version(2);
  ExpectBad("format version 2");
  plan_.set_plan_id("0123456789ABCDEF");
  ExpectBad("id");
  plan_.set_plan_id("../../../../../x");
  ExpectBad("id");
  plan_.clear_customer_id();
  ExpectBad("customer");
  plan_.clear_operator_name();
  ExpectBad("operator");
  plan_.mutable_limits()->clear_deadline_unix_ns();
  ExpectBad("deadline");
  plan_.clear_created_unix_ns();
  ExpectBad("when it was made");
  plan_.set_reason(std::string(5000, 'x'));
  ExpectBad("reason");
  plan_.clear_host_ids();
  ExpectBad("at least one host");
  plan_.add_host_ids("host-1");
  ExpectBad("twice");
  plan_.add_host_ids("");
  ExpectBad("host");
  plan_.clear_targets();
  ExpectBad("at least one target");
}

// What a later version may order. Carried out without it, the plan would do something else.
TEST_F(CheckPlanTest, NothingInItMayBeUnknown) {
  const auto add = [](google::protobuf::Message& part) {
    part.GetReflection()->MutableUnknownFields(&part)->AddVarint(1000, 1);
  };
  add(plan_);
  ExpectBad("this version does not know");
  add(*plan_.mutable_limits());
  ExpectBad("this version does not know");
  add(*plan_.mutable_targets(0)->mutable_file());
  ExpectBad("this version does not know");
}

TEST_F(CheckPlanTest, TargetsMustBeSomethingToCollect) {
  plan_.add_targets();
  ExpectBad("target 3: it says nothing");
  plan_.mutable_targets(1)->mutable_command()->set_command("");
  ExpectBad("target 1: its command is empty");
  plan_.mutable_targets(1)->mutable_command()->add_arguments(std::string("a\0b", 3));
  ExpectBad("argument");
  plan_.mutable_targets(2)->mutable_disk()->set_path("");
  ExpectBad("path is empty");
  plan_.mutable_targets(2)->mutable_disk()->set_order("backwards");
  ExpectBad("\"backwards\"");
  plan_.add_targets()->mutable_state();
  ExpectBad("target 3: its kind of volatile state is unknown");
  plan_.add_targets()->mutable_state()->set_kind(static_cast<v1::Target::VolatileState::Kind>(99));
  ExpectBad("target 3: its kind of volatile state is unknown");
  plan_.mutable_targets(0)->mutable_file()->set_separator("");
  ExpectBad("separator");
  plan_.mutable_targets(0)->mutable_file()->set_pattern("relative/*");
  ExpectBad("relative");
  plan_.mutable_targets(0)->mutable_path()->set_separator("/");
  plan_.mutable_targets(0)->mutable_path()->set_pattern("/a/../b");
  ExpectBad("..");
  plan_.mutable_targets(2)->mutable_disk()->set_order("linear");
  plan_.add_targets()->mutable_listing();
  ExpectBad("the path of its listing is empty");
  plan_.add_targets()->mutable_listing()->set_path(std::string("/a\0b", 4));
  ExpectBad("NUL");
  plan_.add_targets()->mutable_listing()->set_path("/");
  plan_.add_targets()->mutable_state()->set_kind(v1::Target::VolatileState::KIND_SOCKETS);
  EXPECT_TRUE(CheckPlan(plan_).ok());
}

TEST_F(CheckPlanTest, CountsAndSizesAreBounded) {
  for (int i = 0; i <= kMaxPlanTargets; ++i) plan_.add_targets();
  ExpectBad("targets");
  for (int i = 0; i < 2000; ++i) {
    v1::Target* target = plan_.add_targets();
    target->mutable_file()->set_separator("/");
    target->mutable_file()->set_pattern("/" + std::string(4000, 'a'));
  }
  ExpectBad("limit");
}

TEST(CheckPatternTest, VariablesStandForWhatTheyMay) {
  EXPECT_TRUE(CheckPattern("%%users.homedir%%/.ssh/*", "/").ok());
  EXPECT_TRUE(CheckPattern("/home/%%users.username%%/x", "/").ok());
  EXPECT_TRUE(CheckPattern("%%users.homedir%%", "/").ok());
  EXPECT_TRUE(CheckPattern("%%environ_systemroot%%\\System32\\*", "\\").ok());
  EXPECT_TRUE(CheckPattern("\\x\\%%users.sid%%", "\\").ok());
  EXPECT_TRUE(CheckPattern("/100%/x", "/").ok());
  EXPECT_EQ(CheckPattern("a%%users.homedir%%", "/").code(), kInvalidArgument);
  EXPECT_EQ(CheckPattern("%%users.homedir/x", "/").code(), kInvalidArgument);
  EXPECT_EQ(CheckPattern("/x/%%%%", "/").code(), kInvalidArgument);
  EXPECT_EQ(CheckPattern("/x/%%a/b%%", "/").code(), kInvalidArgument);
  EXPECT_EQ(CheckPattern("/x", "//").code(), kInvalidArgument);
  EXPECT_EQ(CheckPattern("%%users.homedir%%/../x", "/").code(), kInvalidArgument);
}

TEST_F(PlanTest, MutatedPlansAreNeverAcceptedAndNeverCrash) {
  expectation_.approvals = 1;
  v1::SignedPlan signed_plan = Sign(NewPlan());
  Approve(NewPerson("bob", "approver"), signed_plan);
  ASSERT_TRUE(Verify(signed_plan).ok());
  const std::string good = signed_plan.SerializeAsString();
  std::mt19937 random(3);
  int parsed = 0;
  for (int i = 0; i < 3'000; ++i) {
    std::string bytes = good;
    bytes[random() % bytes.size()] ^= static_cast<char>(1 << (random() % 8));
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    v1::SignedPlan mutated;
    if (!mutated.ParseFromString(bytes)) continue;
    ++parsed;
    absl::StatusOr<v1::Plan> plan = VerifyPlan(mutated, authority_.public_key(), expectation_);
    // Only what no signature covers (an unused key id, a field nobody knows) may differ.
    if (plan.ok()) {
      EXPECT_EQ(plan->SerializeAsString(), NewPlan().SerializeAsString());
    }
  }
  EXPECT_GT(parsed, 300);
}

}  // namespace
}  // namespace hozen
