#include "collector/fleet/hunts.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "collector/fleet/testing_fleet.h"
#include "core/base/concat.h"
#include "core/plan/plan.h"

namespace hozen {
namespace {

using State = v1::HuntHost;
using Kind = v1::AcquisitionEvent;

constexpr char kHunt[] = "1234567890abcdef";

class HuntsTest : public TestingFleet {
 protected:
  HuntsTest() {
    for (int i = 0; i < 5; ++i) {
      names_.push_back(Concat("000000000000000", i));
      AddHost(names_.back());
    }
    TakeUp();
  }
  ~HuntsTest() override { hunts_.reset(); }

  void TakeUp() {
    hunts_ = std::make_unique<Hunts>(*customers_, *catalog_, *fleet_, clock_);
    fleet_->SetWatcher(hunts_.get());
    ASSERT_EQ(hunts_->Resume(), absl::OkStatus());
  }
  // The process dies, and another takes its place; all sessions are gone.
  void Restart() {
    hunts_.reset();
    OpenAgain();
    sent_.clear();
    TakeUp();
  }

  v1::Plan PlanOf(const std::vector<std::string>& hosts) {
    v1::Plan plan;
    plan.set_plan_id(kHunt);
    for (const std::string& host : hosts) plan.add_host_ids(host);
    plan.add_targets()->mutable_disk()->set_path("/dev/sda");
    plan.mutable_limits()->set_deadline_unix_ns(absl::ToUnixNanos(clock_.Now() + absl::Hours(10)));
    plan.set_reason("IR-1");
    return plan;
  }
  absl::StatusOr<v1::Hunt> TryBegin(const v1::Plan& plan) {
    v1::SignedPlan signed_plan;
    signed_plan.mutable_plan()->set_payload(plan.SerializeAsString());
    return hunts_->Begin(customer(), "alice", signed_plan, plan, limits_, "--label office");
  }
  void Begin(const std::vector<std::string>& hosts) {
    const absl::StatusOr<v1::Hunt> hunt = TryBegin(PlanOf(hosts));
    ASSERT_EQ(hunt.status(), absl::OkStatus());
    hunts_->RunDue();
  }

  // The plan that a host was sent, so often.
  size_t Tasks(const std::string& host) {
    size_t tasks = 0;
    for (const v1::CollectorMessage& message : sent_[host]) tasks += message.has_task() ? 1 : 0;
    return tasks;
  }
  v1::HuntHost HostOf(const std::string& host) {
    const std::vector<v1::HuntHost> hosts = hunts_->Hosts(customer(), kHunt).value();
    for (const v1::HuntHost& one : hosts) {
      if (one.host_id() == host) return one;
    }
    return v1::HuntHost();
  }
  std::string IdOf(const std::string& host) { return HostOf(host).acquisition_id(); }
  State::State StateOf(const std::string& host) { return HostOf(host).state(); }
  void Tell(const std::string& host, Kind::Kind kind) {
    ASSERT_EQ(Say(host, IdOf(host), kind), absl::OkStatus());
    hunts_->RunDue();
  }
  v1::Hunt Hunt() { return hunts_->Current(customer(), kHunt).value(); }

  std::vector<std::string> names_;
  v1::HuntLimits limits_;
  std::unique_ptr<Hunts> hunts_;
};

TEST_F(HuntsTest, HostsThatAreThereBeginAtOnceAndOthersWhenTheyCome) {
  ASSERT_TRUE(Connect(names_[0]).ok());
  Begin({names_[0], names_[1]});
  EXPECT_EQ(Tasks(names_[0]), 1u);
  EXPECT_EQ(StateOf(names_[0]), State::STATE_OFFERED);
  EXPECT_EQ(StateOf(names_[1]), State::STATE_WAITING);
  EXPECT_EQ(Hunt().tally().away(), 1u);
  Tell(names_[0], Kind::KIND_ACCEPTED);
  EXPECT_EQ(StateOf(names_[0]), State::STATE_RUNNING);

  clock_.Advance(absl::Hours(3));
  ASSERT_TRUE(Connect(names_[1]).ok());
  hunts_->RunDue();
  EXPECT_EQ(Tasks(names_[1]), 1u);
  EXPECT_EQ(sent_[names_[1]].back().task().attempt(), 1u);
  EXPECT_EQ(sent_[names_[1]].back().task().plan().plan().payload(),
            sent_[names_[0]].back().task().plan().plan().payload());
  EXPECT_EQ(catalog_->GetAcquisition(customer(), IdOf(names_[1]))->acquisition.hunt_id(), kHunt);
  EXPECT_EQ(CustodyKinds({"hunt.started", "plan.submitted", "acquisition.accepted"}),
            (std::vector<std::string>{"hunt.started", "plan.submitted", "acquisition.accepted", "plan.submitted"}));
}

TEST_F(HuntsTest, ARateIsHeldAlsoOverARestart) {
  limits_.set_starts_per_hour(60);
  for (const std::string& name : names_) ASSERT_TRUE(Connect(name).ok());
  Begin(names_);
  EXPECT_EQ(hunts_->RunDue(), clock_.Now() + absl::Minutes(1));
  EXPECT_EQ(Hunt().tally().offered(), 1u);
  clock_.Advance(absl::Seconds(59));
  Restart();
  for (const std::string& name : names_) ASSERT_TRUE(Connect(name).ok());
  hunts_->RunDue();
  EXPECT_EQ(Hunt().tally().offered(), 1u);
  clock_.Advance(absl::Seconds(1));
  hunts_->RunDue();
  EXPECT_EQ(Hunt().tally().offered(), 2u);
  for (int minute = 0; minute < 3; ++minute) {
    clock_.Advance(absl::Minutes(1));
    hunts_->RunDue();
  }
  const std::vector<v1::HuntHost> hosts = hunts_->Hosts(customer(), kHunt).value();
  for (size_t i = 1; i < hosts.size(); ++i) {
    EXPECT_EQ(hosts[i].started_unix_ns() - hosts[i - 1].started_unix_ns(), absl::ToInt64Nanoseconds(absl::Minutes(1)));
  }
}

TEST_F(HuntsTest, ARestartLosesNoHuntAndStartsNoHostTwice) {
  ASSERT_TRUE(Connect(names_[0]).ok());
  Begin({names_[0], names_[1]});
  Restart();
  EXPECT_EQ(Hunt().state(), v1::Hunt::STATE_RUNNING);
  // It had not answered: it is offered the same again, not begun again.
  ASSERT_TRUE(Connect(names_[0]).ok());
  ASSERT_TRUE(Connect(names_[1]).ok());
  hunts_->RunDue();
  EXPECT_EQ(Tasks(names_[0]), 1u);
  EXPECT_EQ(Tasks(names_[1]), 1u);
  EXPECT_EQ(sent_[names_[0]].back().task().attempt(), 1u);
  EXPECT_EQ(CustodyKinds({"plan.submitted"}).size(), 2u);
}

TEST_F(HuntsTest, StopsAfterSoManyFailuresAndTakesBackWhatWasNotAnswered) {
  limits_.set_stop_after_failures(1);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Connect(names_[i]).ok());
  Begin({names_[0], names_[1], names_[2], names_[3]});
  Tell(names_[1], Kind::KIND_ACCEPTED);
  Disconnect(names_[2]);
  Tell(names_[0], Kind::KIND_REFUSED);
  EXPECT_EQ(Hunt().state(), v1::Hunt::STATE_STOPPED_BY_LIMIT);
  EXPECT_EQ(Hunt().detail(), "1 host has failed, the limit is 1");
  EXPECT_EQ(StateOf(names_[0]), State::STATE_FAILED);
  EXPECT_EQ(StateOf(names_[1]), State::STATE_RUNNING);
  EXPECT_EQ(StateOf(names_[2]), State::STATE_STOPPED);
  EXPECT_EQ(StateOf(names_[3]), State::STATE_STOPPED);
  sent_.clear();
  ASSERT_TRUE(Connect(names_[2]).ok());
  ASSERT_TRUE(Connect(names_[3]).ok());
  hunts_->RunDue();
  EXPECT_EQ(Tasks(names_[2]) + Tasks(names_[3]), 0u);
  // Who runs ends as if nothing had been.
  EXPECT_FALSE(catalog_->GetAcquisition(customer(), IdOf(names_[1]))->acquisition.cancel_requested());
  EXPECT_EQ(CustodyKinds({"hunt.stopped"}).size(), 1u);
}

TEST_F(HuntsTest, StopsAfterSoManyBytesThatHostsHaveSent) {
  limits_.set_stop_after_bytes(1000);
  limits_.set_at_once(1);
  ASSERT_TRUE(Connect(names_[0]).ok());
  ASSERT_TRUE(Connect(names_[1]).ok());
  Begin({names_[0], names_[1]});
  Tell(names_[0], Kind::KIND_ACCEPTED);
  v1::AgentMessage progress;
  progress.mutable_progress()->set_acquisition_id(IdOf(names_[0]));
  progress.mutable_progress()->set_sent_bytes(1000);
  ASSERT_EQ(fleet_->Receive(customer(), names_[0], progress), absl::OkStatus());
  EXPECT_EQ(Hunt().tally().sent_bytes(), 1000u);
  hunts_->RunDue();
  EXPECT_EQ(Hunt().state(), v1::Hunt::STATE_STOPPED_BY_LIMIT);
  EXPECT_EQ(Hunt().detail(), "its hosts have sent 1000 bytes, the limit is 1000");
  EXPECT_EQ(StateOf(names_[1]), State::STATE_STOPPED);
}

TEST_F(HuntsTest, RetriesTheFailedOnesInTheSameHuntUnderTheSameName) {
  limits_.set_stop_after_failures(1);
  ASSERT_TRUE(Connect(names_[0]).ok());
  Begin({names_[0], names_[1]});
  const std::string id = IdOf(names_[0]);
  Tell(names_[0], Kind::KIND_REFUSED);
  ASSERT_EQ(Hunt().state(), v1::Hunt::STATE_STOPPED_BY_LIMIT);
  const auto retried = hunts_->Retry(customer(), "bob", kHunt);
  ASSERT_EQ(retried.status(), absl::OkStatus());
  EXPECT_EQ(retried->hosts(), 2u);
  EXPECT_EQ(retried->hunt().state(), v1::Hunt::STATE_RUNNING);
  EXPECT_EQ(retried->hunt().tally().waiting(), 2u);
  hunts_->RunDue();
  ASSERT_EQ(Tasks(names_[0]), 2u);
  EXPECT_EQ(sent_[names_[0]].back().task().attempt(), 2u);
  EXPECT_EQ(sent_[names_[0]].back().task().acquisition_id(), id);
  // What is still said of the first attempt changes nothing.
  EXPECT_EQ(Say(names_[0], id, Kind::KIND_FAILED, 1), absl::OkStatus());
  EXPECT_EQ(StateOf(names_[0]), State::STATE_OFFERED);
  EXPECT_EQ(Say(names_[0], id, Kind::KIND_ACCEPTED, 2), absl::OkStatus());
  EXPECT_EQ(StateOf(names_[0]), State::STATE_RUNNING);
  EXPECT_EQ(Hunt().tally().failed(), 0u);
  EXPECT_EQ(hunts_->Retry(customer(), "bob", kHunt).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(CustodyKinds({"hunt.retried"}).size(), 1u);
}

TEST_F(HuntsTest, ExpiresWithItsPlanAndIsNotRetriedThen) {
  ASSERT_TRUE(Connect(names_[0]).ok());
  Begin({names_[0], names_[1]});
  Disconnect(names_[0]);
  EXPECT_EQ(hunts_->RunDue(), clock_.Now() + absl::Hours(10));
  clock_.Advance(absl::Hours(10));
  hunts_->RunDue();
  EXPECT_EQ(Hunt().state(), v1::Hunt::STATE_EXPIRED);
  EXPECT_EQ(Hunt().tally().expired(), 2u);
  clock_.Advance(absl::Seconds(1));
  ASSERT_TRUE(Connect(names_[1]).ok());
  hunts_->RunDue();
  EXPECT_EQ(Tasks(names_[1]), 0u);
  EXPECT_EQ(hunts_->Retry(customer(), "alice", kHunt).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(HuntsTest, AStopLetsThoseAtWorkEndUnlessTheyAreToBeCancelled) {
  ASSERT_TRUE(Connect(names_[0]).ok());
  Begin({names_[0], names_[1]});
  Tell(names_[0], Kind::KIND_ACCEPTED);
  const auto stopped = hunts_->Stop(customer(), "alice", kHunt, false);
  ASSERT_EQ(stopped.status(), absl::OkStatus());
  EXPECT_EQ(stopped->cancelled(), 0u);
  EXPECT_EQ(stopped->hunt().state(), v1::Hunt::STATE_STOPPED);
  EXPECT_EQ(stopped->hunt().tally().running(), 1u);
  EXPECT_EQ(stopped->hunt().tally().stopped(), 1u);
  EXPECT_EQ(hunts_->Stop(customer(), "alice", kHunt, false).status().code(), absl::StatusCode::kFailedPrecondition);
  const auto cancelled = hunts_->Stop(customer(), "alice", kHunt, true);
  ASSERT_EQ(cancelled.status(), absl::OkStatus());
  EXPECT_EQ(cancelled->cancelled(), 1u);
  EXPECT_TRUE(sent_[names_[0]].back().has_cancel());
}

// It died between the decision and telling the hosts.
TEST_F(HuntsTest, AStopThatWasCutOffIsFinishedByTheNextProcess) {
  ASSERT_TRUE(Connect(names_[0]).ok());
  Begin({names_[0]});
  Disconnect(names_[0]);
  v1::Hunt hunt = Hunt();
  hunt.set_state(v1::Hunt::STATE_STOPPED);
  ASSERT_EQ(catalog_->UpdateHunt(customer(), hunt), absl::OkStatus());
  Restart();
  EXPECT_EQ(StateOf(names_[0]), State::STATE_STOPPED);
  ASSERT_TRUE(Connect(names_[0]).ok());
  EXPECT_EQ(Tasks(names_[0]), 0u);
}

TEST_F(HuntsTest, IsCompleteWhenAllHostsHaveEnded) {
  ASSERT_TRUE(Connect(names_[0]).ok());
  Begin({names_[0]});
  Tell(names_[0], Kind::KIND_FAILED);
  EXPECT_EQ(Hunt().state(), v1::Hunt::STATE_COMPLETE);
  EXPECT_EQ(Hunt().tally().failed(), 1u);
  EXPECT_EQ(hunts_->Hosts(customer(), kHunt)->at(0).detail(), "because");
}

TEST_F(HuntsTest, AHuntAndAnOrderOfOnePlanExcludeEachOther) {
  const v1::Plan plan = PlanOf({names_[0]});
  Begin({names_[0]});
  v1::SignedPlan signed_plan;
  signed_plan.mutable_plan()->set_payload(plan.SerializeAsString());
  EXPECT_EQ(fleet_->Submit(customer(), "alice", signed_plan, plan).status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(TryBegin(plan).status().code(), absl::StatusCode::kAlreadyExists);
  v1::Plan other = plan;
  other.set_plan_id("0000000000000001");
  signed_plan.mutable_plan()->set_payload(other.SerializeAsString());
  ASSERT_EQ(fleet_->Submit(customer(), "alice", signed_plan, other).status(), absl::OkStatus());
  EXPECT_EQ(TryBegin(other).status().code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(HuntsTest, AnotherCustomersHuntIsNotThere) {
  Begin({names_[0]});
  const std::string other = customers_->Create("Other").value()->customer_id();
  EXPECT_EQ(hunts_->Current(other, kHunt).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(hunts_->Hosts(other, kHunt).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(hunts_->Stop(other, "mallory", kHunt, true).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(hunts_->Retry(other, "mallory", kHunt).status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(hunts_->List(other, 0)->empty());
  // A host of the same id elsewhere has nothing to do with it.
  AddHost(other, names_[0]);
  v1::Hello hello;
  std::vector<v1::CollectorMessage> sent;
  ASSERT_TRUE(fleet_
                  ->Connect(
                      other, names_[0], hello, [&](v1::CollectorMessage message) { sent.push_back(message); }, [] {})
                  .ok());
  hunts_->RunDue();
  EXPECT_EQ(sent.size(), 1u);
  const v1::Plan foreign = PlanOf({"000000000000000a"});
  EXPECT_EQ(TryBegin(foreign).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(HuntsTest, AThreadDoesItWhenSomebodyComes) {
  hunts_->Start();
  Begin({names_[0]});
  ASSERT_TRUE(Connect(names_[0]).ok());
  // Woken by the news, not by a clock, which stands still here.
  for (int i = 0; i < 3000 && StateOf(names_[0]) == State::STATE_WAITING; ++i) absl::SleepFor(absl::Milliseconds(10));
  EXPECT_EQ(StateOf(names_[0]), State::STATE_OFFERED);
}

}  // namespace
}  // namespace hozen
