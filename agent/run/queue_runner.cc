#include "agent/run/queue_runner.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "core/base/concat.h"
#include "core/base/log.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/plan/plan.h"

namespace hozen {
namespace {

uint32_t AttemptOf(const v1::Task& task) { return std::max(task.attempt(), uint32_t{1}); }

}  // namespace

QueueRunner::QueueRunner(RunnerOptions options, RunnerOutside outside, PublicKey authority, CollectTarget collect,
                         Tuning tuning, const Clock& clock)
    : options_(std::move(options)),
      outside_(std::move(outside)),
      authority_(std::move(authority)),
      collect_(std::move(collect)),
      tuning_(tuning),
      clock_(clock),
      worker_([this] { Work(); }) {}

QueueRunner::~QueueRunner() { Stop(); }

void QueueRunner::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    if (running_ != nullptr) running_->Stop();
    changed_.SignalAll();
  }
  if (worker_.joinable()) worker_.join();
}

void QueueRunner::Report(const std::string& acquisition_id, v1::AcquisitionEvent::Kind kind, std::string_view detail,
                         uint32_t attempt) const {
  if (!outside_.report) return;
  v1::AgentMessage message;
  v1::AcquisitionEvent& event = *message.mutable_event();
  event.set_acquisition_id(acquisition_id);
  event.set_kind(kind);
  event.set_detail(std::string(detail));
  event.set_at_unix_ns(clock_.NowUnixNs());
  event.set_attempt(attempt);
  outside_.report(std::move(message));
}

absl::Status QueueRunner::ResumeAll() {
  HOZEN_ASSIGN_OR_RETURN(std::vector<AcquisitionFolder> folders, AcquisitionFolder::List(options_.state_folder));
  // In the order in which they were accepted.
  std::vector<std::pair<int64_t, std::string>> open;
  for (const AcquisitionFolder& folder : folders) {
    if (folder.state() != AcquisitionFolder::State::kUnderWay) continue;
    const absl::StatusOr<v1::AcceptedPlan> plan = folder.plan();
    if (!plan.ok()) {
      Log(Severity::kError, Concat("acquisition ", folder.acquisition_id(), ": ", plan.status().message()));
      continue;
    }
    open.emplace_back(plan->accepted_unix_ns(), folder.acquisition_id());
  }
  std::sort(open.begin(), open.end());
  for (const auto& [accepted, id] : open) {
    Report(id, v1::AcquisitionEvent::KIND_RESUMED, "");
    Enqueue(id);
  }
  return absl::OkStatus();
}

void QueueRunner::Enqueue(const std::string& acquisition_id) {
  absl::MutexLock lock(&mutex_);
  if (std::find(queue_.begin(), queue_.end(), acquisition_id) != queue_.end()) return;
  queue_.push_back(acquisition_id);
  changed_.SignalAll();
}

absl::StatusOr<v1::Plan> QueueRunner::Verify(const v1::Task& task) const {
  PlanExpectation expectation;
  expectation.customer_id = options_.identity.customer_id();
  expectation.host_id = options_.identity.host_id();
  expectation.now = clock_.Now();
  expectation.approvals = options_.policy.approvals();
  HOZEN_ASSIGN_OR_RETURN(v1::Plan plan, VerifyPlan(task.plan(), authority_, expectation));
  const std::string id = AcquisitionId(PlanDigest(task.plan()), options_.identity.host_id());
  if (task.acquisition_id() != id) {
    return absl::InvalidArgumentError(
        Concat("the collector calls this plan acquisition \"", task.acquisition_id(), "\"; it is \"", id, "\""));
  }
  HOZEN_RETURN_IF_ERROR(CheckPolicy(plan));
  return plan;
}

absl::Status QueueRunner::CheckPolicy(const v1::Plan& plan) const {
  // Where something of the plan remains, that is done and the rest recorded as refused.
  for (const v1::Target& target : plan.targets()) {
    const bool refused = (target.has_disk() && options_.policy.refuse_disks()) ||
                         (target.has_command() && options_.policy.refuse_commands()) ||
                         ((target.has_state() || target.has_wmi()) && options_.policy.refuse_state());
    if (!refused) return absl::OkStatus();
  }
  return absl::PermissionDeniedError("this host's local policy refuses everything that the plan asks for");
}

absl::Status QueueRunner::Accept(const v1::Task& task) {
  // By the plan's own name, never by what the collector calls it: the name becomes a folder.
  AcquisitionFolder folder(options_.state_folder, AcquisitionId(PlanDigest(task.plan()), options_.identity.host_id()));
  if (task.acquisition_id() == folder.acquisition_id() && folder.state() != AcquisitionFolder::State::kNone &&
      !folder.FailedBefore(AttemptOf(task))) {
    return RepeatState(folder);
  }
  const absl::StatusOr<v1::Plan> plan = Verify(task);
  if (!plan.ok()) {
    Log(Severity::kWarning, Concat("refused plan ", task.acquisition_id(), ": ", plan.status().message()));
    Report(task.acquisition_id(), v1::AcquisitionEvent::KIND_REFUSED, StdView(plan.status().message()),
           AttemptOf(task));
    return plan.status();
  }
  Log(Severity::kInfo, Concat("accepted plan ", folder.acquisition_id(), " of ", plan->operator_name()));
  return TakeUp(folder, task);
}

absl::Status QueueRunner::TakeUp(AcquisitionFolder& folder, const v1::Task& task) {
  v1::AcceptedPlan accepted;
  *accepted.mutable_plan() = task.plan();
  accepted.set_accepted_unix_ns(clock_.NowUnixNs());
  accepted.set_attempt(AttemptOf(task));
  const absl::Status stored = folder.Accept(accepted);
  // The collector offers it again when we connect again.
  if (!stored.ok()) return WithContext(stored, "record the plan in the state folder");
  Report(folder.acquisition_id(), v1::AcquisitionEvent::KIND_ACCEPTED, "", AttemptOf(task));
  Enqueue(folder.acquisition_id());
  return absl::OkStatus();
}

absl::Status QueueRunner::RepeatState(const AcquisitionFolder& folder) {
  switch (folder.state()) {
    case AcquisitionFolder::State::kCommitted:
      Report(folder.acquisition_id(), v1::AcquisitionEvent::KIND_COMMITTED, "");
      break;
    case AcquisitionFolder::State::kFailed: {
      const absl::StatusOr<v1::AcquisitionEvent> event = folder.failure();
      Report(folder.acquisition_id(), v1::AcquisitionEvent::KIND_FAILED,
             event.ok() ? event->detail() : std::string(event.status().message()), event.ok() ? event->attempt() : 0);
      break;
    }
    case AcquisitionFolder::State::kUnderWay:
      Report(folder.acquisition_id(), v1::AcquisitionEvent::KIND_ACCEPTED, "");
      Enqueue(folder.acquisition_id());
      break;
    case AcquisitionFolder::State::kNone:
      break;
  }
  return absl::OkStatus();
}

absl::Status QueueRunner::Cancel(std::string_view acquisition_id) {
  absl::MutexLock lock(&mutex_);
  if (std::find(queue_.begin(), queue_.end(), acquisition_id) == queue_.end()) {
    return absl::NotFoundError(Concat("no acquisition \"", acquisition_id, "\" is under way"));
  }
  // First for good, so that a restart does not forget it; one that still waits finds it there when its turn comes.
  AcquisitionFolder folder(options_.state_folder, std::string(acquisition_id));
  const absl::Status marked = folder.MarkCancelled();
  if (running_ != nullptr && queue_.front() == acquisition_id) running_->Cancel();
  return marked;
}

std::vector<std::string> QueueRunner::Active() const {
  absl::MutexLock lock(&mutex_);
  return {queue_.begin(), queue_.end()};
}

void QueueRunner::Work() {
  while (true) {
    std::string id;
    {
      absl::MutexLock lock(&mutex_);
      while (!stopping_ && queue_.empty()) changed_.Wait(&mutex_);
      if (stopping_) return;
      id = queue_.front();
    }
    const bool settled = CarryOut(id);
    absl::MutexLock lock(&mutex_);
    if (stopping_) return;
    if (settled) {
      queue_.pop_front();
      // It failed, and was asked for again before it was out of the queue.
      if (AcquisitionFolder(options_.state_folder, id).state() == AcquisitionFolder::State::kUnderWay) {
        queue_.push_back(id);
      }
    } else {
      const absl::Time until = absl::Now() + tuning_.try_later;
      while (!stopping_ && absl::Now() < until) changed_.WaitWithDeadline(&mutex_, until);
    }
  }
}

bool QueueRunner::CarryOut(const std::string& acquisition_id) {
  AcquisitionFolder folder(options_.state_folder, acquisition_id);
  const absl::StatusOr<v1::AcceptedPlan> accepted = folder.plan();
  if (!accepted.ok()) {
    return Settle(folder,
                  {absl::IsDataLoss(accepted.status()) ? Acquisition::End::kRefused : Acquisition::End::kTryLater,
                   accepted.status(),
                   {}});
  }
  // Believed for its signature, not for where it lies; its deadline is a limit of its own, that ends it in good order.
  PlanExpectation expectation;
  expectation.customer_id = options_.identity.customer_id();
  expectation.host_id = options_.identity.host_id();
  expectation.now = absl::FromUnixNanos(accepted->accepted_unix_ns());
  absl::StatusOr<v1::Plan> plan = VerifyPlan(accepted->plan(), authority_, expectation);
  if (!plan.ok()) return Settle(folder, {Acquisition::End::kRefused, plan.status(), {}});

  Acquisition acquisition(folder, *std::move(plan), PlanDigest(accepted->plan()), options_, outside_, collect_,
                          tuning_.acquisition, clock_);
  {
    absl::MutexLock lock(&mutex_);
    if (stopping_) return false;
    running_ = &acquisition;
    // A cancellation between the constructor's look and this moment.
    if (folder.cancelled()) acquisition.Cancel();
  }
  const Acquisition::Result result = acquisition.Run();
  {
    absl::MutexLock lock(&mutex_);
    running_ = nullptr;
  }
  return Settle(folder, result);
}

bool QueueRunner::Settle(AcquisitionFolder& folder, const Acquisition::Result& result) {
  const std::string& id = folder.acquisition_id();
  switch (result.end) {
    case Acquisition::End::kCommitted:
      Log(Severity::kInfo, Concat("committed acquisition ", id));
      Report(id, v1::AcquisitionEvent::KIND_COMMITTED, "");
      return true;
    case Acquisition::End::kStopped:
      return false;
    case Acquisition::End::kTryLater:
      Log(Severity::kError, Concat("acquisition ", id, " waits ", absl::FormatDuration(tuning_.try_later), ": ",
                                   result.status.message()));
      return false;
    case Acquisition::End::kRefused:
      break;
  }
  Log(Severity::kError, Concat("acquisition ", id, " failed: ", result.status.message()));
  v1::AcquisitionEvent event;
  event.set_acquisition_id(id);
  event.set_kind(v1::AcquisitionEvent::KIND_FAILED);
  event.set_detail(std::string(result.status.message()));
  event.set_at_unix_ns(clock_.NowUnixNs());
  const absl::StatusOr<v1::AcceptedPlan> plan = folder.plan();
  event.set_attempt(plan.ok() ? plan->attempt() : 0);
  const absl::Status stored = folder.Fail(event);
  if (!stored.ok()) Log(Severity::kError, Concat("acquisition ", id, ": ", stored.message()));
  Report(id, v1::AcquisitionEvent::KIND_FAILED, StdView(result.status.message()), event.attempt());
  return true;
}

}  // namespace hozen
