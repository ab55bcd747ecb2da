#include "agent/run/queue_runner.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "agent/run/fake_chunk_sink.h"
#include "core/base/concat.h"
#include "core/base/fake_clock.h"
#include "core/bytes/source.h"
#include "core/plan/plan.h"

namespace hozen {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);

// An agent of the customer "acme" and an operator who may order.
class QueueRunnerTest : public ::testing::Test {
 protected:
  QueueRunnerTest()
      : authority_(*PrivateKey::Generate(KeyType::kEcdsaP256)), operator_(*PrivateKey::Generate(KeyType::kEd25519)) {
    std::string pattern = ::testing::TempDir() + "/queue-runner-XXXXXX";
    state_ = mkdtemp(pattern.data());
    options_.state_folder = state_;
    options_.identity.set_customer_id("acme");
    options_.identity.set_host_id("host-1");
    options_.identity.set_private_key_pem(PrivateKey::Generate(KeyType::kEcdsaP256)->ToSecretPem());
    tuning_.acquisition.tick = absl::Milliseconds(20);
    tuning_.try_later = absl::Milliseconds(20);
    collect_ = [this](const v1::Target& target, const AcquireOptions&,
                      ItemSink& sink) -> absl::StatusOr<v1::TargetOutcome> {
      collected_.fetch_add(1);
      v1::Item item;
      item.set_kind(v1::Item::KIND_FILE);
      item.set_path(target.file().pattern());
      item.mutable_file()->set_size_bytes(5);
      const std::unique_ptr<Source> source = NewMemorySource("bytes");
      if (on_collect_) on_collect_();
      if (absl::Status status = sink.Take(item, *source, true); !status.ok()) return status;
      return v1::TargetOutcome();
    };
  }
  ~QueueRunnerTest() override {
    runner_.reset();
    std::filesystem::remove_all(state_);
  }

  void Start() {
    RunnerOutside outside;
    outside.open_sink = [this](const std::string&, uint64_t) -> absl::StatusOr<std::unique_ptr<ChunkSink>> {
      return std::make_unique<FakeChunkSink>(store_);
    };
    outside.report = [this](v1::AgentMessage message) {
      if (!message.has_event()) return;
      absl::MutexLock lock(&mutex_);
      events_.push_back(message.event());
    };
    runner_ = std::make_unique<QueueRunner>(options_, outside, authority_.public_key(), collect_, tuning_, clock_);
    ASSERT_TRUE(runner_->ResumeAll().ok());
  }

  v1::Plan NewPlan(const std::string& plan_id = "0123456789abcdef") {
    v1::Plan plan;
    plan.set_format_version(1);
    plan.set_plan_id(plan_id);
    plan.set_customer_id("acme");
    plan.add_host_ids("host-1");
    plan.set_created_unix_ns(clock_.NowUnixNs());
    plan.set_operator_name("alice");
    plan.mutable_limits()->set_deadline_unix_ns(absl::ToUnixNanos(clock_.Now() + absl::Hours(1)));
    v1::Target* target = plan.add_targets();
    target->mutable_file()->set_pattern("/etc/hosts");
    target->mutable_file()->set_separator("/");
    return plan;
  }

  v1::Task TaskOf(const v1::Plan& plan) {
    v1::OperatorCertificate certificate;
    certificate.set_format_version(1);
    certificate.set_customer_id("acme");
    certificate.set_name("alice");
    certificate.set_role("responder");
    certificate.set_public_key(operator_.public_key().ToDer());
    certificate.set_not_before_unix_ns(absl::ToUnixNanos(clock_.Now() - absl::Hours(1)));
    certificate.set_not_after_unix_ns(absl::ToUnixNanos(clock_.Now() + absl::Hours(24)));
    v1::Task task;
    const absl::StatusOr<v1::SignedPlan> signed_plan =
        SignPlan(plan, operator_, *SignOperatorCertificate(certificate, authority_));
    EXPECT_TRUE(signed_plan.ok()) << signed_plan.status();
    *task.mutable_plan() = *signed_plan;
    task.set_acquisition_id(AcquisitionId(PlanDigest(*signed_plan), "host-1"));
    return task;
  }

  bool SawEvent(const std::string& id, v1::AcquisitionEvent::Kind kind, int times = 1) {
    struct Wanted {
      QueueRunnerTest* test;
      const std::string& id;
      v1::AcquisitionEvent::Kind kind;
      int times;
    } wanted{this, id, kind, times};
    absl::MutexLock lock(&mutex_);
    return mutex_.AwaitWithTimeout(absl::Condition(
                                       +[](Wanted* w) {
                                         int seen = 0;
                                         for (const v1::AcquisitionEvent& event : w->test->events_) {
                                           if (event.acquisition_id() == w->id && event.kind() == w->kind) ++seen;
                                         }
                                         return seen >= w->times;
                                       },
                                       &wanted),
                                   kPatience);
  }

  bool IsIdle() {
    const absl::Time patience = absl::Now() + kPatience;
    while (!runner_->Active().empty() && absl::Now() < patience) absl::SleepFor(absl::Milliseconds(1));
    return runner_->Active().empty();
  }

  const PrivateKey authority_;
  const PrivateKey operator_;
  std::filesystem::path state_;
  FakeClock clock_;
  RunnerOptions options_;
  QueueRunner::Tuning tuning_;
  CollectTarget collect_;
  std::function<void()> on_collect_;
  std::atomic<int> collected_ = 0;
  FakeStore store_;
  absl::Mutex mutex_;
  std::vector<v1::AcquisitionEvent> events_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<QueueRunner> runner_;
};

TEST_F(QueueRunnerTest, CarriesOutAPlanAndSaysSo) {
  Start();
  const v1::Task task = TaskOf(NewPlan());
  ASSERT_TRUE(runner_->Accept(task).ok());
  EXPECT_TRUE(SawEvent(task.acquisition_id(), v1::AcquisitionEvent::KIND_ACCEPTED));
  EXPECT_TRUE(SawEvent(task.acquisition_id(), v1::AcquisitionEvent::KIND_COMMITTED));
  EXPECT_TRUE(IsIdle());
}

TEST_F(QueueRunnerTest, NeverCarriesOutTheSamePlanTwice) {
  Start();
  const v1::Task task = TaskOf(NewPlan());
  ASSERT_TRUE(runner_->Accept(task).ok());
  ASSERT_TRUE(SawEvent(task.acquisition_id(), v1::AcquisitionEvent::KIND_COMMITTED));
  ASSERT_TRUE(IsIdle());
  EXPECT_TRUE(runner_->Accept(task).ok());
  EXPECT_TRUE(SawEvent(task.acquisition_id(), v1::AcquisitionEvent::KIND_COMMITTED, 2));
  runner_.reset();
  Start();
  EXPECT_TRUE(runner_->Accept(task).ok());
  EXPECT_TRUE(SawEvent(task.acquisition_id(), v1::AcquisitionEvent::KIND_COMMITTED, 3));
  EXPECT_EQ(collected_, 1);
}

TEST_F(QueueRunnerTest, RefusesWhatIsNotSignedForThisHostNow) {
  Start();
  v1::Plan elsewhere = NewPlan();
  elsewhere.set_host_ids(0, "host-2");
  v1::Task task = TaskOf(elsewhere);
  EXPECT_TRUE(absl::IsPermissionDenied(runner_->Accept(task)));
  EXPECT_TRUE(SawEvent(task.acquisition_id(), v1::AcquisitionEvent::KIND_REFUSED));

  v1::Plan late = NewPlan();
  late.mutable_limits()->set_deadline_unix_ns(absl::ToUnixNanos(clock_.Now() + absl::Seconds(1)));
  task = TaskOf(late);
  clock_.Advance(absl::Seconds(2));
  EXPECT_TRUE(absl::IsDeadlineExceeded(runner_->Accept(task)));
  EXPECT_TRUE(SawEvent(task.acquisition_id(), v1::AcquisitionEvent::KIND_REFUSED));

  task = TaskOf(NewPlan());
  task.mutable_plan()->mutable_plan()->mutable_payload()->back() ^= 1;
  EXPECT_FALSE(runner_->Accept(task).ok());
  EXPECT_TRUE(SawEvent(task.acquisition_id(), v1::AcquisitionEvent::KIND_REFUSED));
  EXPECT_EQ(collected_, 0);
}

// The name becomes a folder: what a collector makes up must not.
TEST_F(QueueRunnerTest, RefusesAnAcquisitionThatIsNotCalledByItsPlan) {
  Start();
  v1::Task task = TaskOf(NewPlan());
  task.set_acquisition_id("../../etc");
  EXPECT_TRUE(absl::IsInvalidArgument(runner_->Accept(task)));
  EXPECT_TRUE(SawEvent("../../etc", v1::AcquisitionEvent::KIND_REFUSED));
  EXPECT_EQ(collected_, 0);
}

TEST_F(QueueRunnerTest, LocalPolicyRefusesAPlanOfWhichNothingRemains) {
  options_.policy.set_refuse_disks(true);
  Start();
  v1::Plan plan = NewPlan();
  plan.clear_targets();
  plan.add_targets()->mutable_disk()->set_path("/dev/sda");
  EXPECT_TRUE(absl::IsPermissionDenied(runner_->Accept(TaskOf(plan))));
}

TEST_F(QueueRunnerTest, LocalPolicyMayRefuseVolatileState) {
  options_.policy.set_refuse_state(true);
  Start();
  v1::Plan plan = NewPlan();
  plan.clear_targets();
  plan.add_targets()->mutable_state()->set_kind(v1::Target::VolatileState::KIND_PROCESSES);
  // It says the same in other words.
  plan.add_targets()->mutable_wmi()->set_query("SELECT * FROM Win32_Process");
  EXPECT_TRUE(absl::IsPermissionDenied(runner_->Accept(TaskOf(plan))));
}

TEST_F(QueueRunnerTest, LocalPolicyMayAskForApprovals) {
  options_.policy.set_approvals(1);
  Start();
  EXPECT_TRUE(absl::IsPermissionDenied(runner_->Accept(TaskOf(NewPlan()))));
}

TEST_F(QueueRunnerTest, GoesOnAfterARestart) {
  {
    absl::MutexLock lock(&store_.mutex);
    store_.acknowledge_at_most = 0;
  }
  Start();
  const v1::Task first = TaskOf(NewPlan());
  const v1::Task second = TaskOf(NewPlan("fedcba9876543210"));
  ASSERT_TRUE(runner_->Accept(first).ok());
  clock_.Advance(absl::Seconds(1));
  ASSERT_TRUE(runner_->Accept(second).ok());
  EXPECT_EQ(runner_->Active().size(), 2u);
  runner_->Stop();
  {
    absl::MutexLock lock(&store_.mutex);
    store_.acknowledge_at_most = 1000;
  }
  Start();
  EXPECT_TRUE(SawEvent(first.acquisition_id(), v1::AcquisitionEvent::KIND_RESUMED));
  EXPECT_TRUE(SawEvent(first.acquisition_id(), v1::AcquisitionEvent::KIND_COMMITTED));
  EXPECT_TRUE(SawEvent(second.acquisition_id(), v1::AcquisitionEvent::KIND_COMMITTED));
}

TEST_F(QueueRunnerTest, ACancellationOutlivesARestart) {
  {
    absl::MutexLock lock(&store_.mutex);
    store_.acknowledge_at_most = 0;
  }
  Start();
  const v1::Task task = TaskOf(NewPlan());
  EXPECT_TRUE(absl::IsNotFound(runner_->Cancel(task.acquisition_id())));
  ASSERT_TRUE(runner_->Accept(task).ok());
  ASSERT_TRUE(runner_->Cancel(task.acquisition_id()).ok());
  runner_->Stop();
  {
    absl::MutexLock lock(&store_.mutex);
    store_.acknowledge_at_most = 1000;
  }
  Start();
  ASSERT_TRUE(SawEvent(task.acquisition_id(), v1::AcquisitionEvent::KIND_COMMITTED));
  absl::MutexLock lock(&store_.mutex);
  v1::Manifest manifest;
  ASSERT_TRUE(manifest.ParseFromString(store_.manifests.back().payload()));
  EXPECT_EQ(manifest.ended_by().cause(), v1::CAUSE_CANCELLED);
}

TEST_F(QueueRunnerTest, ADeadlineThatPassedWhileTheAgentWasOffStillCommits) {
  {
    absl::MutexLock lock(&store_.mutex);
    store_.acknowledge_at_most = 0;
  }
  Start();
  const v1::Task task = TaskOf(NewPlan());
  ASSERT_TRUE(runner_->Accept(task).ok());
  runner_->Stop();
  clock_.Advance(absl::Hours(48));  // past the deadline and the operator's certificate
  {
    absl::MutexLock lock(&store_.mutex);
    store_.acknowledge_at_most = 1000;
  }
  Start();
  ASSERT_TRUE(SawEvent(task.acquisition_id(), v1::AcquisitionEvent::KIND_COMMITTED));
  absl::MutexLock lock(&store_.mutex);
  v1::Manifest manifest;
  ASSERT_TRUE(manifest.ParseFromString(store_.manifests.back().payload()));
  EXPECT_EQ(manifest.ended_by().cause(), v1::CAUSE_DEADLINE);
}

TEST_F(QueueRunnerTest, ARefusedUploadIsReportedOnceMoreWhenAskedAgain) {
  {
    absl::MutexLock lock(&store_.mutex);
    store_.refusal = absl::PermissionDeniedError("not yours");
  }
  Start();
  const v1::Task task = TaskOf(NewPlan());
  ASSERT_TRUE(runner_->Accept(task).ok());
  ASSERT_TRUE(SawEvent(task.acquisition_id(), v1::AcquisitionEvent::KIND_FAILED));
  ASSERT_TRUE(IsIdle());
  EXPECT_TRUE(runner_->Accept(task).ok());
  EXPECT_TRUE(SawEvent(task.acquisition_id(), v1::AcquisitionEvent::KIND_FAILED, 2));
  EXPECT_EQ(collected_, 1);
}

// A hunt's retry: the same plan under the same name, in an attempt with a higher number.
TEST_F(QueueRunnerTest, AFailedPlanBeginsAgainForAHigherAttemptAndACommittedOneDoesNot) {
  {
    absl::MutexLock lock(&store_.mutex);
    store_.refusal = absl::PermissionDeniedError("not yours");
  }
  Start();
  v1::Task task = TaskOf(NewPlan());
  task.set_attempt(1);
  ASSERT_TRUE(runner_->Accept(task).ok());
  ASSERT_TRUE(SawEvent(task.acquisition_id(), v1::AcquisitionEvent::KIND_FAILED));
  {
    absl::MutexLock lock(&store_.mutex);
    store_.refusal = absl::OkStatus();
  }
  // At once, while the failed one may still be in the queue.
  task.set_attempt(2);
  ASSERT_TRUE(runner_->Accept(task).ok());
  ASSERT_TRUE(SawEvent(task.acquisition_id(), v1::AcquisitionEvent::KIND_COMMITTED));
  EXPECT_EQ(collected_, 2);
  {
    absl::MutexLock lock(&mutex_);
    for (const v1::AcquisitionEvent& event : events_) {
      if (event.kind() == v1::AcquisitionEvent::KIND_FAILED) {
        EXPECT_EQ(event.attempt(), 1u);
      }
    }
  }
  ASSERT_TRUE(IsIdle());
  task.set_attempt(3);
  ASSERT_TRUE(runner_->Accept(task).ok());
  EXPECT_TRUE(SawEvent(task.acquisition_id(), v1::AcquisitionEvent::KIND_COMMITTED, 2));
  ASSERT_TRUE(IsIdle());
  EXPECT_EQ(collected_, 2);
}

TEST_F(QueueRunnerTest, ARetryIsVerifiedAsTheFirstAttemptWas) {
  {
    absl::MutexLock lock(&store_.mutex);
    store_.refusal = absl::PermissionDeniedError("not yours");
  }
  Start();
  v1::Task task = TaskOf(NewPlan());
  ASSERT_TRUE(runner_->Accept(task).ok());
  ASSERT_TRUE(SawEvent(task.acquisition_id(), v1::AcquisitionEvent::KIND_FAILED));
  ASSERT_TRUE(IsIdle());
  clock_.Advance(absl::Hours(2));
  task.set_attempt(2);
  EXPECT_TRUE(absl::IsDeadlineExceeded(runner_->Accept(task)));
  EXPECT_TRUE(SawEvent(task.acquisition_id(), v1::AcquisitionEvent::KIND_REFUSED));
  EXPECT_EQ(collected_, 1);
}

}  // namespace
}  // namespace hozen
