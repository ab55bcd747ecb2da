// The Runner: a queue of acquisitions on disk and one thread that carries them out.
#ifndef HOZEN_AGENT_RUN_QUEUE_RUNNER_H_
#define HOZEN_AGENT_RUN_QUEUE_RUNNER_H_

#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "agent/run/acquisition.h"
#include "agent/run/runner.h"

namespace hozen {

// Thread-safe.
class QueueRunner : public Runner {
 public:
  struct Tuning {
    AcquisitionTuning acquisition;
    absl::Duration try_later = absl::Seconds(30);  // after trouble with the state folder
  };

  // `clock` must outlive it.
  QueueRunner(RunnerOptions options, RunnerOutside outside, PublicKey authority, CollectTarget collect, Tuning tuning,
              const Clock& clock);
  ~QueueRunner() override;

  absl::Status ResumeAll() override;
  absl::Status Accept(const v1::Task& task) override;
  absl::Status Cancel(std::string_view acquisition_id) override;
  std::vector<std::string> Active() const override;
  void Stop() override;

 private:
  void Work();
  // False where it is to be tried again later.
  bool CarryOut(const std::string& acquisition_id);
  bool Settle(AcquisitionFolder& folder, const Acquisition::Result& result);
  // What is known of it already, said again: the collector may have missed it.
  absl::Status RepeatState(const AcquisitionFolder& folder);
  // A plan that was verified just now: to be carried out, from its beginning.
  absl::Status TakeUp(AcquisitionFolder& folder, const v1::Task& task);
  absl::StatusOr<v1::Plan> Verify(const v1::Task& task) const;
  absl::Status CheckPolicy(const v1::Plan& plan) const;
  void Enqueue(const std::string& acquisition_id) ABSL_LOCKS_EXCLUDED(mutex_);
  void Report(const std::string& acquisition_id, v1::AcquisitionEvent::Kind kind, std::string_view detail,
              uint32_t attempt = 0) const;

  const RunnerOptions options_;
  const RunnerOutside outside_;
  const PublicKey authority_;
  const CollectTarget collect_;
  const Tuning tuning_;
  const Clock& clock_;

  mutable absl::Mutex mutex_;
  absl::CondVar changed_;
  std::deque<std::string> queue_ ABSL_GUARDED_BY(mutex_);  // the running one at its head
  Acquisition* running_ ABSL_GUARDED_BY(mutex_) = nullptr;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread worker_;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_RUN_QUEUE_RUNNER_H_
