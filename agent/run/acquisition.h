// One plan carried out on this host, from wherever its journal stands to the collector's receipt.
#ifndef HOZEN_AGENT_RUN_ACQUISITION_H_
#define HOZEN_AGENT_RUN_ACQUISITION_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "agent/acquire/acquire.h"
#include "agent/acquire/item_sink.h"
#include "agent/run/acquisition_folder.h"
#include "agent/run/acquisition_sink.h"
#include "agent/run/ending.h"
#include "agent/run/ledger.h"
#include "agent/run/progress_so_far.h"
#include "agent/run/runner.h"
#include "agent/run/stream_pipeline.h"
#include "core/base/clock.h"
#include "core/crypto/key.h"
#include "proto/hozen/v1/plan.pb.h"

namespace hozen {

// Carries out one target: finds, opens, gives to the sink. Tests bring their own.
using CollectTarget = std::function<absl::StatusOr<v1::TargetOutcome>(const v1::Target& target,
                                                                      const AcquireOptions& options, ItemSink& sink)>;

// How often things are looked at, and how much is held; tests use less.
struct AcquisitionTuning {
  absl::Duration tick = absl::Seconds(1);  // progress, deadline
  LedgerOptions ledger;
  StreamPipelineOptions pipeline;
};

// Run is called once; the rest is thread-safe.
class Acquisition {
 public:
  enum class End {
    kCommitted,
    kStopped,   // the agent stops; the next start goes on
    kRefused,   // it will never work
    kTryLater,  // the state folder cannot be written, or no sink can be had
  };
  struct Result {
    End end;
    absl::Status status;
    v1::Receipt receipt;
  };

  // All references must outlive it.
  Acquisition(AcquisitionFolder folder, v1::Plan plan, Digest plan_sha256, const RunnerOptions& options,
              const RunnerOutside& outside, const CollectTarget& collect, const AcquisitionTuning& tuning,
              const Clock& clock);

  Result Run();
  void Cancel();
  void Stop();

 private:
  struct Work;  // what lives while it collects

  absl::Status OpenSink();
  absl::Status Deliver(v1::Receipt& receipt);
  absl::StatusOr<v1::Envelope> MakeManifest();
  absl::Status Collect(Journal& journal, ProgressSoFar& progress);
  absl::Status CollectTargets(Work& work, const ProgressSoFar& begun);
  absl::Status CollectOne(Work& work, uint32_t index);
  absl::Status WriteEnd(Journal& journal, const UploadCounters& counters);
  absl::Status BeginJournal(Journal& journal, const ProgressSoFar& progress);
  void Tick(const Work& work);
  void ReportProgress(const Work& work);
  Result ResultOf(const absl::Status& status);

  AcquisitionFolder folder_;
  const v1::Plan plan_;
  const Digest plan_sha256_;
  const v1::Limits limits_;
  const std::shared_ptr<TreeProvider> trees_;
  const RunnerOptions& options_;
  const RunnerOutside& outside_;
  const CollectTarget& collect_;
  const AcquisitionTuning& tuning_;
  const Clock& clock_;
  Ending ending_;

  absl::Mutex mutex_;
  std::unique_ptr<ChunkSink> sink_;  // made once, in Run
  ChunkSink* cancellable_ ABSL_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_RUN_ACQUISITION_H_
