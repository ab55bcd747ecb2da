#include "collector/service/hunting.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "collector/service/testing_operators.h"
#include "core/plan/plan.h"

namespace hozen {
namespace {

class HuntingTest : public TestingOperators {
 protected:
  Caller As(const std::string& role) { return Operator("somebody", role, made_.alices_key()); }
  v1::StartHuntRequest Order(std::string id = "00000000000000aa") {
    v1::StartHuntRequest request;
    *request.mutable_plan() = made_.PlanOf(std::move(id));
    request.mutable_limits()->set_starts_per_hour(60);
    request.set_selection("--label office");
    return request;
  }

  Hunts hunts_{made_.customers(), made_.catalog(), fleet_, made_.clock()};
  Hunting hunting_{context_, hunts_};
};

TEST_F(HuntingTest, AResponderStartsAndStopsAHuntAndEveryOperatorSeesIt) {
  const auto hunt = hunting_.Start(Alice(), Order());
  ASSERT_TRUE(hunt.ok()) << hunt.status();
  EXPECT_EQ(hunt->hunt_id(), "00000000000000aa");
  EXPECT_EQ(hunt->operator_name(), "alice");
  EXPECT_EQ(hunt->selection(), "--label office");
  EXPECT_EQ(hunt->tally().waiting(), 1u);
  v1::GetHuntRequest get;
  get.set_hunt_id(hunt->hunt_id());
  v1::ListHuntHostsRequest hosts;
  hosts.set_hunt_id(hunt->hunt_id());
  v1::StopHuntRequest stop;
  stop.set_hunt_id(hunt->hunt_id());
  v1::RetryHuntRequest retry;
  retry.set_hunt_id(hunt->hunt_id());
  const auto count = [](std::vector<v1::HuntHost>& seen) {
    return [&seen](const v1::HuntHost& host) {
      seen.push_back(host);
      return absl::OkStatus();
    };
  };
  for (const char* role : {"analyst", "auditor", "approver"}) {
    EXPECT_TRUE(hunting_.Get(As(role), get).ok()) << role;
    EXPECT_EQ(hunting_.List(As(role), {})->hunts_size(), 1) << role;
    std::vector<v1::HuntHost> seen;
    EXPECT_TRUE(hunting_.ListHosts(As(role), hosts, count(seen)).ok());
    EXPECT_EQ(seen.size(), 1u);
    EXPECT_TRUE(absl::IsPermissionDenied(hunting_.Start(As(role), Order("00000000000000bb")).status())) << role;
    EXPECT_TRUE(absl::IsPermissionDenied(hunting_.Stop(As(role), stop).status())) << role;
    EXPECT_TRUE(absl::IsPermissionDenied(hunting_.Retry(As(role), retry).status())) << role;
  }
  std::vector<v1::HuntHost> failed;
  hosts.add_states(v1::HuntHost::STATE_FAILED);
  EXPECT_TRUE(hunting_.ListHosts(Alice(), hosts, count(failed)).ok());
  EXPECT_TRUE(failed.empty());
  EXPECT_EQ(hunting_.Stop(As("responder"), stop)->hunt().state(), v1::Hunt::STATE_STOPPED);
  EXPECT_EQ(hunting_.Retry(As("responder"), retry)->hosts(), 1u);
}

TEST_F(HuntingTest, AHostAndAnAdministratorOfTheServiceAreNobodyHere) {
  Caller host = Alice();
  host.kind = Caller::Kind::kHost;
  Caller admin = Alice();
  admin.kind = Caller::Kind::kServiceAdmin;
  for (const Caller& caller : {host, admin}) {
    EXPECT_TRUE(absl::IsPermissionDenied(hunting_.Start(caller, Order()).status()));
    EXPECT_TRUE(absl::IsPermissionDenied(hunting_.List(caller, {}).status()));
    EXPECT_TRUE(absl::IsPermissionDenied(hunting_.Get(caller, {}).status()));
  }
}

TEST_F(HuntingTest, ThePlanMustBeTheCallersOwnAndWhatWasSigned) {
  const PrivateKey other = *PrivateKey::Generate(KeyType::kEd25519);
  EXPECT_TRUE(absl::IsPermissionDenied(hunting_.Start(Operator("mallory", "responder", other), Order()).status()));
  v1::StartHuntRequest changed = Order();
  changed.mutable_plan()->mutable_plan()->mutable_payload()->back() ^= 1;
  EXPECT_TRUE(absl::IsDataLoss(hunting_.Start(Alice(), changed).status()));
}

TEST_F(HuntingTest, LimitsThatMakeNoSenseAreRefused) {
  v1::StartHuntRequest request = Order();
  request.mutable_limits()->set_starts_per_hour(3'600'001);
  EXPECT_TRUE(absl::IsInvalidArgument(hunting_.Start(Alice(), request).status()));
  request = Order();
  request.set_selection(std::string(1025, 'x'));
  EXPECT_TRUE(absl::IsInvalidArgument(hunting_.Start(Alice(), request).status()));
}

TEST_F(HuntingTest, AWatchEndsWithTheHunt) {
  ASSERT_TRUE(hunting_.Start(Alice(), Order()).ok());
  v1::GetHuntRequest get;
  get.set_hunt_id("00000000000000aa");
  std::vector<v1::Hunt::State> seen;
  const absl::Status watched = hunting_.Watch(
      As("analyst"), get,
      [&](const v1::Hunt& hunt) {
        seen.push_back(hunt.state());
        return absl::OkStatus();
      },
      [&] {
        v1::StopHuntRequest stop;
        stop.set_hunt_id("00000000000000aa");
        return hunting_.Stop(Alice(), stop).status();
      });
  EXPECT_TRUE(watched.ok()) << watched;
  EXPECT_EQ(seen, (std::vector<v1::Hunt::State>{v1::Hunt::STATE_RUNNING, v1::Hunt::STATE_STOPPED}));
}

}  // namespace
}  // namespace hozen
