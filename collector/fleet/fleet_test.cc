#include "collector/fleet/fleet.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "collector/fleet/testing_fleet.h"
#include "core/plan/plan.h"

namespace hozen {
namespace {

constexpr char kHost[] = "00000000000000aa";
constexpr char kOtherHost[] = "00000000000000bb";

class FleetTest : public TestingFleet {
 protected:
  FleetTest() : sent_(TestingFleet::sent_[kHost]) {
    AddHost(kHost);
    AddHost(kOtherHost);
  }

  // The acquisition's id.
  std::string Submit() {
    v1::Plan plan;
    plan.set_plan_id("1234567890abcdef");
    plan.add_host_ids(kHost);
    plan.add_targets()->mutable_disk()->set_path("/dev/sda");
    plan.mutable_limits()->set_deadline_unix_ns(absl::ToUnixNanos(clock_.Now() + absl::Hours(1)));
    v1::SignedPlan signed_plan;
    signed_plan.mutable_plan()->set_payload(plan.SerializeAsString());
    const auto acquisitions = fleet_->Submit(customer(), "alice", signed_plan, plan);
    EXPECT_EQ(acquisitions.status(), absl::OkStatus());
    return acquisitions->at(0).acquisition_id();
  }

  absl::StatusOr<uint64_t> Connect(std::vector<std::string> under_way = {}) {
    return TestingFleet::Connect(kHost, std::move(under_way));
  }

  absl::Status Say(const std::string& acquisition_id, v1::AcquisitionEvent::Kind kind, const char* host = kHost) {
    return TestingFleet::Say(host, acquisition_id, kind);
  }

  v1::Acquisition::State State(const std::string& id) { return fleet_->Current(customer(), id)->state(); }

  std::vector<std::string> CustodyKinds() {
    return TestingFleet::CustodyKinds({"plan.submitted", "acquisition.accepted", "acquisition.refused",
                                       "acquisition.resumed", "acquisition.cancel-requested"});
  }

  std::vector<v1::CollectorMessage>& sent_;
};

TEST_F(FleetTest, SendsAPlanAtOnceToAHostThatIsConnectedAndLaterToOneThatIsNot) {
  ASSERT_TRUE(Connect().ok());
  ASSERT_EQ(sent_.size(), 1u);
  EXPECT_TRUE(sent_[0].has_welcome());
  const std::string id = Submit();
  ASSERT_EQ(sent_.size(), 2u);
  EXPECT_EQ(sent_[1].task().acquisition_id(), id);

  sent_.clear();
  ASSERT_TRUE(Connect().ok());
  EXPECT_EQ(replaced_, 1);
  ASSERT_EQ(sent_.size(), 2u);
  EXPECT_EQ(sent_[1].task().acquisition_id(), id);
  EXPECT_EQ(fleet_->Current(customer(), id)->summary(), "disk /dev/sda");
}

TEST_F(FleetTest, GoesThroughItsStatesAndWritesThemIntoCustody) {
  const auto session = Connect();
  const std::string id = Submit();
  EXPECT_EQ(State(id), v1::Acquisition::STATE_WAITING);
  EXPECT_EQ(Say(id, v1::AcquisitionEvent::KIND_ACCEPTED), absl::OkStatus());
  EXPECT_EQ(State(id), v1::Acquisition::STATE_RUNNING);
  EXPECT_EQ(Say(id, v1::AcquisitionEvent::KIND_ACCEPTED), absl::OkStatus());
  fleet_->Disconnect(customer(), kHost, *session);
  EXPECT_FALSE(fleet_->IsConnected(customer(), kHost));
  clock_.Advance(absl::Hours(2));
  EXPECT_EQ(State(id), v1::Acquisition::STATE_RUNNING);
  EXPECT_EQ(Say(id, v1::AcquisitionEvent::KIND_RESUMED), absl::OkStatus());
  EXPECT_EQ(Say(id, v1::AcquisitionEvent::KIND_REFUSED), absl::OkStatus());
  EXPECT_EQ(State(id), v1::Acquisition::STATE_REFUSED);
  EXPECT_EQ(fleet_->Current(customer(), id)->detail(), "because");
  // Nothing brings it back.
  EXPECT_EQ(Say(id, v1::AcquisitionEvent::KIND_ACCEPTED), absl::OkStatus());
  EXPECT_EQ(State(id), v1::Acquisition::STATE_REFUSED);
  EXPECT_EQ(fleet_->CheckUpload(customer(), kHost, id).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(fleet_->CheckOwner(customer(), kHost, id), absl::OkStatus());
  EXPECT_EQ(CustodyKinds(), (std::vector<std::string>{"plan.submitted", "acquisition.accepted", "acquisition.resumed",
                                                      "acquisition.refused"}));
}

TEST_F(FleetTest, TakesAnUploadForAnAcceptanceAndWritesItIntoCustodyOnce) {
  const std::string id = Submit();
  EXPECT_EQ(fleet_->CheckUpload(customer(), kHost, id), absl::OkStatus());
  EXPECT_EQ(State(id), v1::Acquisition::STATE_RUNNING);
  EXPECT_EQ(Say(id, v1::AcquisitionEvent::KIND_ACCEPTED), absl::OkStatus());
  EXPECT_EQ(CustodyKinds(), (std::vector<std::string>{"plan.submitted", "acquisition.accepted"}));
}

TEST_F(FleetTest, BelievesNoHostAboutTheAcquisitionsOfAnother) {
  const std::string id = Submit();
  EXPECT_EQ(Say(id, v1::AcquisitionEvent::KIND_ACCEPTED, kOtherHost).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(fleet_->CheckUpload(customer(), kOtherHost, id).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(fleet_->CheckOwner(customer(), kOtherHost, id).code(), absl::StatusCode::kNotFound);
  v1::AgentMessage message;
  message.mutable_progress()->set_acquisition_id(id);
  EXPECT_EQ(fleet_->Receive(customer(), kOtherHost, message).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(State(id), v1::Acquisition::STATE_WAITING);
}

TEST_F(FleetTest, ExpiresWhatNobodyTookUpUntilItsDeadline) {
  const std::string id = Submit();
  clock_.Advance(absl::Hours(2));
  EXPECT_EQ(State(id), v1::Acquisition::STATE_EXPIRED);
  ASSERT_TRUE(Connect().ok());
  EXPECT_EQ(sent_.size(), 1u);
  // The host had it all the time, and could not say so.
  ASSERT_TRUE(Connect({id}).ok());
  EXPECT_EQ(State(id), v1::Acquisition::STATE_RUNNING);
}

TEST_F(FleetTest, CancelsAtOnceWhatNoHostHasAndTellsTheHostThatHasIt) {
  const std::string id = Submit();
  EXPECT_EQ(fleet_->Cancel(customer(), "operator:alice", id), absl::OkStatus());
  EXPECT_EQ(State(id), v1::Acquisition::STATE_FAILED);
  EXPECT_EQ(fleet_->Cancel(customer(), "operator:alice", id).code(), absl::StatusCode::kFailedPrecondition);
  // It was under way after all: the host is told, and what it has may come.
  ASSERT_TRUE(Connect({id}).ok());
  EXPECT_EQ(State(id), v1::Acquisition::STATE_RUNNING);
  ASSERT_EQ(sent_.size(), 2u);
  EXPECT_EQ(sent_[1].cancel().acquisition_id(), id);
  EXPECT_EQ(fleet_->CheckUpload(customer(), kHost, id), absl::OkStatus());
}

TEST_F(FleetTest, RefusesAPlanThatWasSubmittedBefore) {
  Submit();
  v1::Plan plan;
  plan.set_plan_id("1234567890abcdef");
  plan.add_host_ids("ffffffffffffffff");
  EXPECT_EQ(fleet_->Submit(customer(), "alice", v1::SignedPlan(), plan).status().code(), absl::StatusCode::kNotFound);
  plan.set_host_ids(0, kHost);
  plan.add_targets()->mutable_disk()->set_path("/dev/sda");
  plan.mutable_limits()->set_deadline_unix_ns(absl::ToUnixNanos(clock_.Now() + absl::Hours(1)));
  v1::SignedPlan same;
  same.mutable_plan()->set_payload(plan.SerializeAsString());
  EXPECT_EQ(fleet_->Submit(customer(), "alice", same, plan).status().code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(FleetTest, WakesWhoWatches) {
  const std::string id = Submit();
  const auto first = fleet_->Watch(customer(), id, 0, absl::Seconds(30));
  ASSERT_TRUE(first.ok());
  std::thread host([&] {
    v1::AgentMessage message;
    message.mutable_progress()->set_acquisition_id(id);
    message.mutable_progress()->set_items(42);
    EXPECT_EQ(fleet_->Receive(customer(), kHost, message), absl::OkStatus());
  });
  const auto second = fleet_->Watch(customer(), id, first->second, absl::Seconds(30));
  host.join();
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->first.progress().items(), 42u);
  EXPECT_GT(second->second, first->second);
  const auto same = fleet_->Watch(customer(), id, second->second, absl::Milliseconds(1));
  EXPECT_EQ(same->second, second->second);
  EXPECT_EQ(fleet_->Watch(customer(), "nothing", 0, absl::Seconds(30)).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(FleetTest, WritesHeartbeatsToTheCatalogNotMoreOftenThanOnceAMinute) {
  ASSERT_TRUE(Connect().ok());
  v1::AgentMessage message;
  message.mutable_heartbeat()->set_resident_bytes(1);
  clock_.Advance(absl::Seconds(59));
  EXPECT_EQ(fleet_->Receive(customer(), kHost, message), absl::OkStatus());
  EXPECT_FALSE(catalog_->GetHost(customer(), kHost)->host.has_health());
  clock_.Advance(absl::Seconds(2));
  EXPECT_EQ(fleet_->Receive(customer(), kHost, message), absl::OkStatus());
  EXPECT_EQ(catalog_->GetHost(customer(), kHost)->host.health().resident_bytes(), 1u);
}

TEST_F(FleetTest, KeepsOfAHostileHostsWordsOnlySoMuch) {
  v1::Hello hello;
  hello.set_now_unix_ns(std::numeric_limits<int64_t>::min());
  const auto connect = [&] {
    return fleet_->Connect(
        customer(), kHost, hello, [](v1::CollectorMessage) {}, [] {});
  };
  ASSERT_EQ(connect().status(), absl::OkStatus());
  EXPECT_EQ(catalog_->GetHost(customer(), kHost)->host.clock_offset_ns(), std::numeric_limits<int64_t>::min());

  clock_.Advance(absl::Hours(1));
  v1::AgentMessage heartbeat;
  heartbeat.mutable_heartbeat()->set_now_unix_ns(std::numeric_limits<int64_t>::max());
  heartbeat.mutable_heartbeat()
      ->GetReflection()
      ->MutableUnknownFields(heartbeat.mutable_heartbeat())
      ->AddLengthDelimited(1000, std::string(100'000, 'x'));
  ASSERT_EQ(fleet_->Receive(customer(), kHost, heartbeat), absl::OkStatus());
  EXPECT_LT(catalog_->GetHost(customer(), kHost)->host.ByteSizeLong(), 1000u);

  hello.mutable_facts()->set_hostname(std::string(65 << 10, 'x'));
  EXPECT_EQ(connect().status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_LT(catalog_->GetHost(customer(), kHost)->host.ByteSizeLong(), 1000u);
}

}  // namespace
}  // namespace hozen
