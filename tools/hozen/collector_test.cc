#include "tools/hozen/collector.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "core/crypto/key.h"
#include "core/evidence/checkpoint.h"
#include "core/evidence/merkle.h"
#include "core/evidence/trust.h"
#include "tools/hozen/custody_check.h"
#include "tools/hozen/failed_targets.h"
#include "tools/hozen/follow.h"
#include "tools/hozen/id_prefix.h"

namespace hozen {
namespace {

constexpr char kOrigin[] = "collector.example/c1";

// A collector that says what a test tells it to.
class FakeCollector : public Collector {
 public:
  v1::ListHostsResponse hosts;
  v1::ListAcquisitionsResponse acquisitions;
  v1::ListHuntsResponse hunts;
  std::vector<v1::TargetOutcome> targets;
  absl::Status targets_status;
  int asked = 0;
  std::vector<std::pair<std::vector<v1::Acquisition::State>, absl::Status>> watches;
  size_t watched = 0;
  std::function<absl::StatusOr<v1::GetCheckpointResponse>(uint64_t)> checkpoint;

  absl::StatusOr<v1::BeginCustomerResponse> BeginCustomer(const v1::BeginCustomerRequest&) override { return No(); }
  absl::StatusOr<v1::FinishCustomerResponse> FinishCustomer(const v1::FinishCustomerRequest&) override { return No(); }
  absl::StatusOr<v1::AddOperatorResponse> AddOperator(const v1::AddOperatorRequest&) override { return No(); }
  absl::Status CreateToken(const v1::CreateTokenRequest&) override { return No(); }
  absl::StatusOr<v1::ListHostsResponse> ListHosts(const v1::ListHostsRequest&) override { return hosts; }
  absl::StatusOr<v1::SubmitPlanResponse> SubmitPlan(const v1::SubmitPlanRequest&) override { return No(); }
  absl::Status CancelAcquisition(const v1::CancelAcquisitionRequest&) override { return No(); }
  absl::StatusOr<v1::ListAcquisitionsResponse> ListAcquisitions(const v1::ListAcquisitionsRequest& request) override {
    ++asked;
    v1::ListAcquisitionsResponse response = acquisitions;
    while (response.acquisitions_size() > static_cast<int>(request.most()))
      response.mutable_acquisitions()->RemoveLast();
    return response;
  }
  absl::StatusOr<v1::Acquisition> GetAcquisition(const v1::GetAcquisitionRequest&) override { return No(); }
  absl::Status WatchAcquisition(const v1::GetAcquisitionRequest&, const Handler<v1::Acquisition>& on_change) override {
    const auto& [states, status] = watches.at(std::min(watched++, watches.size() - 1));
    for (const v1::Acquisition::State state : states) {
      v1::Acquisition acquisition;
      acquisition.set_state(state);
      if (const absl::Status handled = on_change(acquisition); !handled.ok()) return handled;
    }
    return status;
  }
  absl::Status ListItems(const v1::ListItemsRequest&, const Handler<v1::ItemRow>&) override { return No(); }
  absl::Status ListTargets(const v1::ListTargetsRequest& request,
                           const Handler<v1::TargetOutcome>& on_target) override {
    ++asked;
    for (const v1::TargetOutcome& outcome : targets) {
      if (request.failed_only() && !outcome.has_failure()) continue;
      if (const absl::Status handled = on_target(outcome); !handled.ok()) return handled;
    }
    return targets_status;
  }
  absl::Status Find(const v1::FindRequest&, const Handler<v1::FindAnswer>&) override { return No(); }
  absl::Status ReadTimeline(const v1::ReadTimelineRequest&, const Handler<v1::TimelineAnswer>&) override {
    return No();
  }
  absl::StatusOr<v1::Hunt> StartHunt(const v1::StartHuntRequest&) override { return No(); }
  absl::StatusOr<v1::RetryHuntResponse> RetryHunt(const v1::RetryHuntRequest&) override { return No(); }
  absl::StatusOr<v1::StopHuntResponse> StopHunt(const v1::StopHuntRequest&) override { return No(); }
  absl::StatusOr<v1::ListHuntsResponse> ListHunts(const v1::ListHuntsRequest&) override { return hunts; }
  absl::StatusOr<v1::Hunt> GetHunt(const v1::GetHuntRequest&) override { return No(); }
  absl::Status WatchHunt(const v1::GetHuntRequest&, const Handler<v1::Hunt>&) override { return No(); }
  absl::Status ListHuntHosts(const v1::ListHuntHostsRequest&, const Handler<v1::HuntHost>&) override { return No(); }
  absl::Status ReadItem(const v1::ReadItemRequest&, const Handler<v1::StreamPart>&) override { return No(); }
  absl::Status Export(const v1::ExportRequest&, const Handler<v1::StreamPart>&) override { return No(); }
  absl::Status Verify(const v1::VerifyRequest&, const Handler<v1::VerifyProgress>&) override { return No(); }
  absl::StatusOr<v1::GetCustodyResponse> GetCustody(const v1::GetCustodyRequest&) override { return No(); }
  absl::StatusOr<v1::GetCheckpointResponse> GetCheckpoint(const v1::GetCheckpointRequest& request) override {
    return checkpoint(request.from_tree_size());
  }

 private:
  static absl::Status No() { return absl::UnimplementedError("not in this test"); }
};

TEST(IdPrefix, FindsTheOneIdThatIsMeant) {
  const std::vector<std::string> ids = {"3f2a90b1c4d5e6f7", "3f2b000000000000", "aa00000000000000"};
  EXPECT_EQ(PickByPrefix("aa", ids, "none is called so").value(), "aa00000000000000");
  EXPECT_EQ(PickByPrefix("3F2A", ids, "none is called so").value(), "3f2a90b1c4d5e6f7");
  const absl::Status ambiguous = PickByPrefix("3f", ids, "none is called so").status();
  EXPECT_TRUE(absl::IsInvalidArgument(ambiguous));
  EXPECT_NE(std::string(ambiguous.message()).find("3f2b000000000000"), std::string::npos);
  EXPECT_TRUE(absl::IsNotFound(PickByPrefix("b", ids, "none is called so").status()));
  EXPECT_TRUE(absl::IsNotFound(PickByPrefix("", ids, "none is called so").status()));
  EXPECT_EQ(PickByPrefix("ab", {"ab", "abc"}, "none is called so").value(), "ab") << "a whole one before longer ones";
}

TEST(IdPrefix, AsksTheCollectorOnlyWhereItMust) {
  FakeCollector collector;
  collector.acquisitions.add_acquisitions()->set_acquisition_id("00112233445566aa");
  collector.acquisitions.add_acquisitions()->set_acquisition_id("ff112233445566aa");
  EXPECT_EQ(ResolveAcquisition(collector, "FF112233445566AA").value(), "ff112233445566aa");
  EXPECT_EQ(collector.asked, 0);
  EXPECT_EQ(ResolveAcquisition(collector, "ff").value(), "ff112233445566aa");
  EXPECT_EQ(ResolveAcquisition(collector, "last").value(), "00112233445566aa");
  EXPECT_EQ(collector.asked, 2);
  EXPECT_TRUE(absl::IsInvalidArgument(ResolveAcquisition(collector, "../etc").status()));
  collector.acquisitions.Clear();
  EXPECT_TRUE(absl::IsNotFound(ResolveAcquisition(collector, "last").status()));
}

TEST(IdPrefix, HuntsAreNamedTheSameWay) {
  FakeCollector collector;
  EXPECT_TRUE(absl::IsNotFound(ResolveHunt(collector, "last").status()));
  collector.hunts.add_hunts()->set_hunt_id("00112233445566aa");
  collector.hunts.add_hunts()->set_hunt_id("ff112233445566aa");
  EXPECT_EQ(ResolveHunt(collector, "ABCDEF0123456789").value(), "abcdef0123456789");
  EXPECT_EQ(ResolveHunt(collector, "ff").value(), "ff112233445566aa");
  EXPECT_EQ(ResolveHunt(collector, "last").value(), "00112233445566aa");
  EXPECT_NE(std::string(ResolveHunt(collector, "b").status().message()).find("hozen hunt list"), std::string::npos);
}

v1::Host MakeHost(const std::string& id, const std::string& name, const std::string& label) {
  v1::Host host;
  host.set_host_id(id);
  host.mutable_facts()->set_hostname(name);
  host.set_label(label);
  return host;
}

TEST(HostNames, FindIdThenNameThenLabelThenTheStartOfAnId) {
  v1::ListHostsResponse hosts;
  *hosts.add_hosts() = MakeHost("abc0000000000000", "web01", "osaka");
  *hosts.add_hosts() = MakeHost("def0000000000000", "Web02", "osaka");
  *hosts.add_hosts() = MakeHost("def1000000000000", "db", "tokyo");
  EXPECT_EQ(PickHost("abc0000000000000", hosts)->host_id(), "abc0000000000000");
  EXPECT_EQ(PickHost("web02", hosts)->host_id(), "def0000000000000");
  EXPECT_EQ(PickHost("tokyo", hosts)->host_id(), "def1000000000000");
  EXPECT_EQ(PickHost("def1", hosts)->host_id(), "def1000000000000");
  EXPECT_TRUE(absl::IsInvalidArgument(PickHost("osaka", hosts).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(PickHost("def", hosts).status()));
  EXPECT_TRUE(absl::IsNotFound(PickHost("", hosts).status()));
  EXPECT_TRUE(absl::IsNotFound(PickHost("mail", hosts).status()));
}

class FailedTargetsTest : public ::testing::Test {
 protected:
  FailedTargetsTest() {
    for (int i = 0; i < 20; ++i) {
      v1::TargetOutcome outcome;
      outcome.set_target_index(i);
      if (i % 2 == 1) outcome.mutable_failure()->set_cause(v1::CAUSE_COMMAND_NOT_ALLOWED);
      collector_.targets.push_back(outcome);
    }
    acquisition_.mutable_manifest()->set_failed_targets(10);
  }
  FakeCollector collector_;
  v1::Acquisition acquisition_;
  std::ostringstream out_, err_;
  Console console_{out_, err_};
};

TEST_F(FailedTargetsTest, AreTheFirstOnesThatFailed) {
  const std::vector<v1::TargetOutcome> first = FirstFailedTargets(collector_, console_, acquisition_);
  ASSERT_EQ(first.size(), kMostShownTargets);
  for (size_t i = 0; i < first.size(); ++i) EXPECT_EQ(first[i].target_index(), 2 * i + 1);
  EXPECT_EQ(err_.str(), "");
}

TEST_F(FailedTargetsTest, AreNotAskedForWhereTheManifestCountsNone) {
  acquisition_.mutable_manifest()->set_failed_targets(0);
  EXPECT_TRUE(FirstFailedTargets(collector_, console_, acquisition_).empty());
  EXPECT_EQ(collector_.asked, 0);
}

TEST_F(FailedTargetsTest, ThatCannotBeHadAreANote) {
  collector_.targets.clear();
  collector_.targets_status = absl::PermissionDeniedError("not as an auditor");
  EXPECT_TRUE(FirstFailedTargets(collector_, console_, acquisition_).empty());
  EXPECT_NE(err_.str().find("not as an auditor"), std::string::npos);
  EXPECT_EQ(out_.str(), "");
}

class Following : public ::testing::Test {
 protected:
  Following() {
    options_.pause = [this](absl::Duration wait) { paused_ += wait; };
  }
  FakeCollector collector_;
  std::ostringstream out_, err_;
  Console console_{out_, err_};
  FollowOptions options_;
  absl::Duration paused_;
};

TEST_F(Following, GoesOnWhenTheLinkBreaksAndSaysSoOnce) {
  collector_.watches = {{{v1::Acquisition::STATE_WAITING}, absl::UnavailableError("link down")},
                        {{}, absl::UnavailableError("link down")},
                        {{}, absl::UnavailableError("link down")},
                        {{v1::Acquisition::STATE_RUNNING, v1::Acquisition::STATE_COMPLETE}, absl::OkStatus()}};
  const auto ended = FollowAcquisition(collector_, console_, "00", options_);
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_EQ(ended->state(), v1::Acquisition::STATE_COMPLETE);
  EXPECT_EQ(paused_, absl::Seconds(1 + 2 + 4));
  const std::string said = err_.str();
  EXPECT_EQ(said.find("link down"), said.rfind("link down"));
}

TEST_F(Following, AsksAgainWhereTheStreamEndsBeforeTheAcquisition) {
  collector_.watches = {{{v1::Acquisition::STATE_RUNNING}, absl::OkStatus()},
                        {{v1::Acquisition::STATE_COMPLETE_WITH_FAILURES}, absl::OkStatus()}};
  EXPECT_EQ(ExitCodeOf(FollowAcquisition(collector_, console_, "00", options_)->state()),
            ExitCode::kCompleteWithFailures);
}

TEST_F(Following, GivesUpWhereItIsNotAllowedOrTheCollectorStaysAway) {
  collector_.watches = {{{}, absl::PermissionDeniedError("no")}};
  EXPECT_TRUE(absl::IsPermissionDenied(FollowAcquisition(collector_, console_, "00", options_).status()));
  collector_.watches = {{{}, absl::UnavailableError("gone")}};
  collector_.watched = 0;
  options_.patience = absl::ZeroDuration();
  EXPECT_TRUE(absl::IsUnavailable(FollowAcquisition(collector_, console_, "00", options_).status()));
}

TEST_F(Following, CountsWhatWasRefusedFailedOrExpiredAsNoEvidence) {
  for (const auto state :
       {v1::Acquisition::STATE_REFUSED, v1::Acquisition::STATE_FAILED, v1::Acquisition::STATE_EXPIRED}) {
    EXPECT_TRUE(HasEnded(state));
    EXPECT_EQ(ExitCodeOf(state), ExitCode::kNoEvidence);
  }
}

// A log whose entries are "0", "1", ... but for those that were rewritten.
class Continuity : public ::testing::Test {
 protected:
  void SetUp() override {
    home_ = ::testing::TempDir() + "/continuityXXXXXX";
    ASSERT_NE(mkdtemp(home_.data()), nullptr);
    delegation_.set_customer_id("c1");
    delegation_.set_custody_log_origin(kOrigin);
    delegation_.set_custody_log_key(key_.public_key().ToRawEd25519().value());
    Grow(3);
    collector_.checkpoint = [this](uint64_t from) -> absl::StatusOr<v1::GetCheckpointResponse> {
      v1::GetCheckpointResponse response;
      response.set_checkpoint(
          SignCheckpoint({kOrigin, entries_.size(), RootHash(entries_.size(), Subtrees()).value()}, key_).value());
      if (from > 0) {
        const auto path = ConsistencyPath(from, entries_.size(), Subtrees());
        if (!path.ok()) return path.status();
        for (const Digest& hash : *path) response.add_consistency_path(std::string(hash.bytes()));
      }
      return response;
    };
  }

  void Grow(int more) {
    for (int i = 0; i < more; ++i) entries_.push_back(std::to_string(entries_.size()));
  }

  SubtreeHash Subtrees() {
    return [this](int level, uint64_t index) -> absl::StatusOr<Digest> {
      if (level == 0) return LeafHash(entries_.at(index));
      const auto left = Subtrees()(level - 1, index * 2);
      const auto right = Subtrees()(level - 1, index * 2 + 1);
      return NodeHash(*left, *right);
    };
  }

  absl::StatusOr<LogContinuity> Check() { return CheckContinuity(collector_, delegation_, home_); }

  PrivateKey key_ = PrivateKey::Generate(KeyType::kEd25519).value();
  std::string home_;
  v1::Delegation delegation_;
  std::vector<std::string> entries_;
  FakeCollector collector_;
};

TEST_F(Continuity, RemembersTheLogAndFollowsItAsItGrows) {
  auto seen = Check();
  ASSERT_TRUE(seen.ok()) << seen.status();
  EXPECT_EQ(seen->earlier_tree_size, 0u);
  EXPECT_EQ(seen->tree_size, 3u);
  Grow(6);
  seen = Check();
  ASSERT_TRUE(seen.ok()) << seen.status();
  EXPECT_EQ(seen->earlier_tree_size, 3u);
  EXPECT_EQ(seen->tree_size, 9u);
  EXPECT_TRUE(Check().ok()) << "the same again";
}

TEST_F(Continuity, NoticesALogThatWasCut) {
  ASSERT_TRUE(Check().ok());
  entries_.pop_back();
  EXPECT_TRUE(absl::IsDataLoss(Check().status()));
}

TEST_F(Continuity, NoticesALogThatWasRewritten) {
  ASSERT_TRUE(Check().ok());
  entries_[1] = "rewritten";
  EXPECT_TRUE(absl::IsDataLoss(Check().status())) << "of the same size";
  Grow(2);
  EXPECT_TRUE(absl::IsDataLoss(Check().status())) << "of another size";
}

TEST_F(Continuity, NoticesAHeadThatIsNotSignedByTheDelegatedKey) {
  key_ = PrivateKey::Generate(KeyType::kEd25519).value();
  EXPECT_FALSE(Check().ok());
}

}  // namespace
}  // namespace hozen
