// Why an acquisition is to end before its own end, and waits that notice it.
#ifndef HOZEN_AGENT_RUN_ENDING_H_
#define HOZEN_AGENT_RUN_ENDING_H_

#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

// Thread-safe. The first reason sticks, but a stop or a failure of the agent itself comes before an early end.
class Ending {
 public:
  // A limit, the deadline, a cancellation: collecting ends, what there is will be committed.
  void EndEarly(v1::Failure why);
  // The agent stops: everything stays where it is, for the next start.
  void Stop();
  // It cannot go on now: the state folder cannot be written.
  void Fail(const absl::Status& status);
  // It cannot go on at all: the upload was refused.
  void FailUpload(const absl::Status& status);

  // OK, or why collecting ends: DeadlineExceeded, Cancelled, ResourceExhausted (limits), Aborted (stopped), or as given
  // to Fail and FailUpload.
  absl::Status collecting() const;
  // OK while what was collected is still to be delivered: an early end does not change that.
  absl::Status delivering() const;
  std::optional<v1::Failure> ended_early() const;
  bool stopped() const;
  bool upload_failed() const;

  // Waits; less where collecting ends meanwhile. Returns collecting().
  absl::Status Sleep(absl::Duration duration) const;
  // The same for what is still done after an early end. Returns delivering().
  absl::Status SleepPastEarlyEnd(absl::Duration duration) const;

 private:
  absl::Status CollectingLocked() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  mutable absl::CondVar changed_;
  std::optional<v1::Failure> early_ ABSL_GUARDED_BY(mutex_);
  absl::Status fatal_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool upload_failed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_RUN_ENDING_H_
