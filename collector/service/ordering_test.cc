#include "collector/service/ordering.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "collector/service/testing_operators.h"
#include "core/plan/plan.h"

namespace hozen {
namespace {

using ::testing::HasSubstr;

class OrderingTest : public TestingOperators {
 protected:
  v1::SubmitPlanRequest Order(std::string id) {
    v1::SubmitPlanRequest request;
    *request.mutable_plan() = made_.PlanOf(std::move(id));
    return request;
  }

  Ordering ordering_{context_};
};

TEST_F(OrderingTest, AnOrderBecomesAnAcquisitionOnce) {
  const auto submitted = ordering_.SubmitPlan(Alice(), Order("00000000000000aa"));
  ASSERT_TRUE(submitted.ok()) << submitted.status();
  ASSERT_EQ(submitted->acquisitions_size(), 1);
  EXPECT_EQ(submitted->acquisitions(0).state(), v1::Acquisition::STATE_WAITING);
  v1::GetAcquisitionRequest get;
  get.set_acquisition_id(submitted->acquisitions(0).acquisition_id());
  EXPECT_TRUE(ordering_.Get(Alice(), get).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(ordering_.SubmitPlan(Alice(), Order("00000000000000aa")).status()));
  EXPECT_EQ(ordering_.List(Alice(), {})->acquisitions_size(), 2);
}

TEST_F(OrderingTest, NobodyHandsInAnOrderInAnothersName) {
  const PrivateKey other = *PrivateKey::Generate(KeyType::kEd25519);
  const v1::SubmitPlanRequest order = Order("00000000000000aa");
  EXPECT_TRUE(absl::IsPermissionDenied(ordering_.SubmitPlan(Operator("mallory", "responder", other), order).status()));
  // Nor with the right name and another key.
  EXPECT_TRUE(absl::IsPermissionDenied(ordering_.SubmitPlan(Operator("alice", "responder", other), order).status()));
  EXPECT_TRUE(
      absl::IsPermissionDenied(ordering_.SubmitPlan(Operator("alice", "analyst", made_.alices_key()), order).status()));
}

TEST_F(OrderingTest, AnOrderThatIsNotWhatWasSignedIsRefused) {
  v1::SubmitPlanRequest changed = Order("00000000000000aa");
  changed.mutable_plan()->mutable_plan()->mutable_payload()->back() ^= 1;
  EXPECT_TRUE(absl::IsDataLoss(ordering_.SubmitPlan(Alice(), changed).status()));
  const v1::SubmitPlanRequest late = Order("00000000000000bb");
  made_.clock().Advance(absl::Hours(23) + absl::Minutes(59));
  EXPECT_TRUE(ordering_.SubmitPlan(Alice(), late).ok());
  const v1::SubmitPlanRequest too_late = Order("00000000000000cc");
  made_.clock().Advance(absl::Hours(48));
  EXPECT_FALSE(ordering_.SubmitPlan(Alice(), too_late).ok());
}

TEST_F(OrderingTest, AHostThatIsNotThereIsNamed) {
  v1::Plan plan;
  plan.ParseFromString(made_.PlanOf("00000000000000aa").plan().payload());
  plan.add_host_ids("ffffffffffffffffffffffffffffffff");
  v1::SubmitPlanRequest request;
  *request.mutable_plan() = *SignPlan(
      plan, made_.alices_key(), made_.OperatorCertificateOf("alice", "responder", made_.alices_key().public_key()));
  const absl::Status status = ordering_.SubmitPlan(Alice(), request).status();
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
  EXPECT_THAT(status.ToString(), HasSubstr("ffffffffffffffffffffffffffffffff"));
  EXPECT_EQ(ordering_.List(Alice(), {})->acquisitions_size(), 1);
}

TEST_F(OrderingTest, AWatchTellsEachChangeAndEndsWithTheAcquisition) {
  const auto submitted = ordering_.SubmitPlan(Alice(), Order("00000000000000aa"));
  ASSERT_TRUE(submitted.ok());
  v1::GetAcquisitionRequest get;
  get.set_acquisition_id(submitted->acquisitions(0).acquisition_id());
  std::vector<v1::Acquisition::State> seen;
  const absl::Status watched = ordering_.Watch(
      Alice(), get,
      [&](const v1::Acquisition& acquisition) {
        seen.push_back(acquisition.state());
        return absl::OkStatus();
      },
      [&] {
        // The deadline passes while nobody connects.
        made_.clock().Advance(absl::Hours(13));
        return absl::OkStatus();
      });
  EXPECT_TRUE(watched.ok()) << watched;
  EXPECT_EQ(seen, (std::vector{v1::Acquisition::STATE_WAITING, v1::Acquisition::STATE_EXPIRED}));
}

TEST_F(OrderingTest, AWatchThatNobodyReadsEnds) {
  const auto submitted = ordering_.SubmitPlan(Alice(), Order("00000000000000aa"));
  v1::GetAcquisitionRequest get;
  get.set_acquisition_id(submitted->acquisitions(0).acquisition_id());
  int polls = 0;
  const absl::Status watched = ordering_.Watch(
      Alice(), get, [](const v1::Acquisition&) { return absl::OkStatus(); },
      [&] { return ++polls == 2 ? absl::CancelledError("gone") : absl::OkStatus(); });
  EXPECT_TRUE(absl::IsCancelled(watched));
  get.set_acquisition_id("0000000000000000");
  EXPECT_TRUE(absl::IsNotFound(ordering_.Watch(Alice(), get, nullptr, nullptr)));
}

TEST_F(OrderingTest, EveryOperatorSeesTheFleetAndNoHostDoes) {
  for (const char* role : {"responder", "analyst", "approver", "admin", "auditor"}) {
    const auto hosts = ordering_.ListHosts(Operator("x", role, made_.alices_key()), {});
    ASSERT_TRUE(hosts.ok());
    ASSERT_EQ(hosts->hosts_size(), 1);
    EXPECT_FALSE(hosts->hosts(0).connected());
  }
  Caller host = Alice();
  host.kind = Caller::Kind::kHost;
  EXPECT_TRUE(absl::IsPermissionDenied(ordering_.ListHosts(host, {}).status()));
}

}  // namespace
}  // namespace hozen
