#include "agent/run/acquisition.h"

#include <thread>
#include <utility>

#include "absl/synchronization/notification.h"
#include "agent/acquire/failure.h"
#include "agent/platform/resource_usage.h"
#include "agent/run/collect_target.h"
#include "agent/run/journal.h"
#include "agent/run/limits.h"
#include "agent/run/manifest_builder.h"
#include "core/base/concat.h"
#include "core/base/log.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/evidence/trust.h"
#include "core/plan/state_kinds.h"
#include "core/plan/wmi_query.h"

namespace hozen {
namespace {

bool AllAreDisks(const v1::Plan& plan) {
  for (const v1::Target& target : plan.targets()) {
    if (!target.has_disk()) return false;
  }
  return true;
}

std::string CommandLine(const v1::Target::Command& command) {
  std::string line = command.command();
  for (const std::string& argument : command.arguments()) line += Concat(" ", argument);
  return line;
}

std::string PatternOf(const v1::Target& target) {
  switch (target.what_case()) {
    case v1::Target::kFile:
      return target.file().pattern();
    case v1::Target::kPath:
      return target.path().pattern();
    case v1::Target::kCommand:
      return CommandLine(target.command());
    case v1::Target::kDisk:
      return target.disk().path();
    case v1::Target::kState:
      return StateItemPath(target.state().kind());
    case v1::Target::kListing:
      return target.listing().path();
    case v1::Target::kRegistry:
      return target.registry().key();
    case v1::Target::kWmi:
      return WmiItemPath(target.wmi());
    case v1::Target::WHAT_NOT_SET:
      break;
  }
  return "";
}

// What local policy forbids, in words; empty where it does not.
std::string ForbiddenBy(const v1::LocalPolicy& policy, const v1::Target& target) {
  if (policy.refuse_disks() && target.has_disk()) return "this host's local policy refuses disk images";
  if (policy.refuse_commands() && target.has_command()) return "this host's local policy refuses commands";
  if (policy.refuse_state() && target.has_state()) return "this host's local policy refuses volatile state";
  // Processes, sockets and who is logged on are what it answers first of all.
  if (policy.refuse_state() && target.has_wmi()) return "this host's local policy refuses volatile state, and so WMI";
  return "";
}

v1::Trace StateFolderTrace(const std::filesystem::path& state_folder) {
  v1::Trace trace;
  trace.set_path(state_folder.string());
  trace.set_what("the agent's state folder: identity, orders and journals are written here");
  return trace;
}

}  // namespace

struct Acquisition::Work {
  Work(Acquisition& owner, Journal& journal, ProgressSoFar& begun)
      : upload(*owner.sink_),
        ledger(
            owner.tuning_.ledger, journal, begun, [this] { return upload.counters(); }, owner.ending_),
        pipeline(owner.tuning_.pipeline, upload, ledger, owner.ending_),
        pace(owner.limits_, owner.clock_, owner.ending_,
             [] { return absl::Nanoseconds(static_cast<int64_t>(ReadResourceUsage().cpu_ns)); }),
        items(owner.limits_, begun, pipeline, pace, owner.ending_, owner.clock_) {}

  ChunkSink& upload;
  Ledger ledger;
  StreamPipeline pipeline;
  Pace pace;
  AcquisitionSink items;
};

Acquisition::Acquisition(AcquisitionFolder folder, v1::Plan plan, Digest plan_sha256, const RunnerOptions& options,
                         const RunnerOutside& outside, const CollectTarget& collect, const AcquisitionTuning& tuning,
                         const Clock& clock)
    : folder_(std::move(folder)),
      plan_(std::move(plan)),
      plan_sha256_(plan_sha256),
      limits_(NarrowedLimits(plan_.limits(), options.policy)),
      trees_(TreesOf(plan_, options)),
      options_(options),
      outside_(outside),
      collect_(collect),
      tuning_(tuning),
      clock_(clock) {
  if (folder_.cancelled()) Cancel();
}

void Acquisition::Cancel() {
  v1::Failure failure;
  failure.set_cause(v1::CAUSE_CANCELLED);
  failure.set_detail("cancelled by a responder");
  ending_.EndEarly(std::move(failure));
}

void Acquisition::Stop() {
  ending_.Stop();
  absl::MutexLock lock(&mutex_);
  if (cancellable_ != nullptr) cancellable_->Cancel();
}

absl::Status Acquisition::OpenSink() {
  HOZEN_ASSIGN_OR_RETURN(sink_, outside_.open_sink(folder_.acquisition_id(), limits_.send_bytes_per_s()));
  absl::MutexLock lock(&mutex_);
  cancellable_ = sink_.get();
  return ending_.delivering();
}

Acquisition::Result Acquisition::ResultOf(const absl::Status& status) {
  if (ending_.stopped()) return {End::kStopped, status, {}};
  return {ending_.upload_failed() ? End::kRefused : End::kTryLater, status, {}};
}

Acquisition::Result Acquisition::Run() {
  v1::Receipt receipt;
  absl::Status status = OpenSink();
  if (status.ok()) status = Deliver(receipt);
  {
    absl::MutexLock lock(&mutex_);
    cancellable_ = nullptr;
  }
  const Result result = status.ok() ? Result{End::kCommitted, status, receipt} : ResultOf(status);
  sink_.reset();
  return result;
}

absl::Status Acquisition::Deliver(v1::Receipt& receipt) {
  for (int attempt = 0;; ++attempt) {
    HOZEN_ASSIGN_OR_RETURN(std::optional<v1::Envelope> manifest, folder_.manifest());
    if (!manifest.has_value()) {
      HOZEN_ASSIGN_OR_RETURN(manifest, MakeManifest());
      HOZEN_RETURN_IF_ERROR(folder_.SaveManifest(*manifest));
    }
    absl::StatusOr<v1::Receipt> answer = sink_->Commit(*manifest);
    if (answer.ok()) {
      receipt = *std::move(answer);
      return folder_.Commit(receipt);
    }
    // A collector that lost the body, which we can make again, gets it once more; whatever else it lost is its loss.
    if (attempt > 0 || !(absl::IsNotFound(answer.status()) || absl::IsDataLoss(answer.status()))) {
      ending_.FailUpload(answer.status());
      return answer.status();
    }
    HOZEN_RETURN_IF_ERROR(folder_.DropManifest());
  }
}

absl::StatusOr<v1::Envelope> Acquisition::MakeManifest() {
  ProgressSoFar progress;
  HOZEN_ASSIGN_OR_RETURN(const std::unique_ptr<Journal> journal,
                         Journal::Open(folder_.journal(), [&](uint64_t, const v1::JournalRecord& record) {
                           return progress.Apply(record);
                         }));
  if (!progress.end.has_value()) {
    HOZEN_RETURN_IF_ERROR(Collect(*journal, progress));
    progress = ProgressSoFar();
    HOZEN_RETURN_IF_ERROR(
        ReadJournal(journal->path(), 0, journal->size_bytes(), [&](uint64_t, const v1::JournalRecord& record) {
          return progress.Apply(record);
        }).status());
    if (!progress.end.has_value()) {
      return absl::DataLossError(
          Concat(journal->path().string(), " cannot be read to its end; it is tried again from what can be read"));
    }
  }
  absl::StatusOr<UploadedBody> body = UploadBody(journal->path(), journal->size_bytes(), *sink_);
  if (!body.ok()) {
    // The journal could be read a moment ago, so it is the upload that gave up; a stop is told apart by the caller.
    ending_.FailUpload(body.status());
    return body.status();
  }
  ManifestOrigin origin;
  origin.acquisition_id = folder_.acquisition_id();
  origin.customer_id = options_.identity.customer_id();
  origin.host_id = options_.identity.host_id();
  origin.host = options_.facts;
  origin.plan_sha256 = plan_sha256_;
  origin.traces.push_back(StateFolderTrace(options_.state_folder));
  HOZEN_ASSIGN_OR_RETURN(const PrivateKey key, PrivateKey::FromPem(options_.identity.private_key_pem()));
  return SignManifest(BuildManifest(origin, progress, *body), key);
}

absl::Status Acquisition::BeginJournal(Journal& journal, const ProgressSoFar& progress) {
  v1::JournalRecord record;
  if (progress.started_unix_ns == 0) {
    record.set_started_unix_ns(clock_.NowUnixNs());
  } else {
    record.mutable_resumption()->set_at_unix_ns(clock_.NowUnixNs());
  }
  HOZEN_RETURN_IF_ERROR(journal.Append(record));
  return journal.Sync();
}

absl::Status Acquisition::Collect(Journal& journal, ProgressSoFar& progress) {
  HOZEN_RETURN_IF_ERROR(BeginJournal(journal, progress));
  UploadCounters counters;
  {
    const ProgressSoFar begun = progress;  // what is finished, while the sink takes streams out of `progress`
    Work work(*this, journal, progress);
    absl::Notification over;
    std::thread ticker([&] {
      while (!over.WaitForNotificationWithTimeout(tuning_.tick)) Tick(work);
    });
    absl::Status status = CollectTargets(work, begun);
    if (status.ok()) status = work.items.Finish();
    if (status.ok()) status = work.pipeline.Drain();
    over.Notify();
    ticker.join();
    if (!status.ok()) {
      // Ends what the threads of the pipeline wait for, so that they can be joined.
      sink_->Cancel();
      work.ledger.Close();
      return status;
    }
    ReportProgress(work);
    counters = work.ledger.TotalCounters();
  }
  return WriteEnd(journal, counters);
}

absl::Status Acquisition::WriteEnd(Journal& journal, const UploadCounters& counters) {
  v1::JournalRecord record;
  record.mutable_end()->set_at_unix_ns(clock_.NowUnixNs());
  if (const std::optional<v1::Failure> early = ending_.ended_early())
    *record.mutable_end()->mutable_ended_by() = *early;
  record.set_sent_bytes(counters.sent_bytes);
  record.set_deduplicated_bytes(counters.deduplicated_bytes);
  HOZEN_RETURN_IF_ERROR(journal.Append(record));
  return journal.Sync();
}

absl::Status Acquisition::CollectTargets(Work& work, const ProgressSoFar& begun) {
  for (int i = 0; i < plan_.targets_size(); ++i) {
    if (begun.finished_targets.contains(static_cast<uint32_t>(i))) continue;
    HOZEN_RETURN_IF_ERROR(CollectOne(work, static_cast<uint32_t>(i)));
  }
  return absl::OkStatus();
}

absl::Status Acquisition::CollectOne(Work& work, uint32_t index) {
  const v1::Target& target = plan_.targets(static_cast<int>(index));
  work.items.BeginTarget(index, target);
  v1::TargetOutcome outcome;
  absl::Status status = work.items.Poll();
  const std::string forbidden = ForbiddenBy(options_.policy, target);
  if (!forbidden.empty()) {
    outcome.mutable_failure()->set_cause(v1::CAUSE_REFUSED_BY_POLICY);
    outcome.mutable_failure()->set_detail(forbidden);
  } else if (status.ok()) {
    AcquireOptions options;
    options.target_index = index;
    options.depth = limits_.depth();
    options.refused_paths.assign(options_.policy.refused_paths().begin(), options_.policy.refused_paths().end());
    options.reader_executable = options_.reader_executable;
    options.state_folder = options_.state_folder.string();
    options.trees = trees_;
    if (outside_.clock_offset_ns) options.clock_offset_ns = outside_.clock_offset_ns();
    absl::StatusOr<v1::TargetOutcome> collected = collect_(target, options, work.items);
    status = collected.status();
    if (collected.ok()) outcome = *std::move(collected);
  }
  HOZEN_RETURN_IF_ERROR(ending_.delivering());
  outcome.set_pattern(PatternOf(target));
  if (!status.ok() && !outcome.has_failure()) {
    *outcome.mutable_failure() = ending_.ended_early().value_or(FailureOf(status));
  }
  return work.items.EndTarget(std::move(outcome));
}

void Acquisition::Tick(const Work& work) {
  CheckDeadline(absl::FromUnixNanos(limits_.deadline_unix_ns()), clock_, ending_);
  ReportProgress(work);
}

void Acquisition::ReportProgress(const Work& work) {
  if (!outside_.report) return;
  const Ledger::Counts counts = work.ledger.counts();
  const UploadCounters counters = work.ledger.TotalCounters();
  AcquisitionSink::Snapshot snapshot = work.items.snapshot();
  v1::AgentMessage message;
  v1::Progress& progress = *message.mutable_progress();
  progress.set_acquisition_id(folder_.acquisition_id());
  progress.set_items(counts.items);
  progress.set_failed_items(counts.failed_items);
  progress.set_read_bytes(snapshot.read_bytes);
  if (AllAreDisks(plan_)) progress.set_expected_bytes(snapshot.expected_bytes);
  progress.set_sent_bytes(counters.sent_bytes);
  progress.set_deduplicated_bytes(counters.deduplicated_bytes);
  progress.set_current_path(std::move(snapshot.current_path));
  progress.set_paused(counters.paused);
  outside_.report(std::move(message));
}

}  // namespace hozen
