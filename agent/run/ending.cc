#include "agent/run/ending.h"

#include <utility>

#include "absl/time/clock.h"
#include "agent/acquire/failure.h"

namespace hozen {
namespace {

absl::StatusCode CodeOf(v1::Cause cause) {
  switch (cause) {
    case v1::CAUSE_DEADLINE:
      return absl::StatusCode::kDeadlineExceeded;
    case v1::CAUSE_CANCELLED:
      return absl::StatusCode::kCancelled;
    default:
      return absl::StatusCode::kResourceExhausted;
  }
}

}  // namespace

void Ending::EndEarly(v1::Failure why) {
  absl::MutexLock lock(&mutex_);
  if (!early_.has_value()) early_ = std::move(why);
  changed_.SignalAll();
}

void Ending::Stop() {
  absl::MutexLock lock(&mutex_);
  stopped_ = true;
  if (fatal_.ok()) fatal_ = absl::AbortedError("the agent is stopping");
  changed_.SignalAll();
}

void Ending::Fail(const absl::Status& status) {
  absl::MutexLock lock(&mutex_);
  if (fatal_.ok()) fatal_ = status;
  changed_.SignalAll();
}

void Ending::FailUpload(const absl::Status& status) {
  absl::MutexLock lock(&mutex_);
  // A sink that was cancelled because we stop has not failed.
  if (fatal_.ok()) {
    fatal_ = status;
    upload_failed_ = true;
  }
  changed_.SignalAll();
}

absl::Status Ending::CollectingLocked() const {
  if (!fatal_.ok()) return fatal_;
  if (early_.has_value()) return StatusOf(*early_, CodeOf(early_->cause()));
  return absl::OkStatus();
}

absl::Status Ending::collecting() const {
  absl::MutexLock lock(&mutex_);
  return CollectingLocked();
}

absl::Status Ending::delivering() const {
  absl::MutexLock lock(&mutex_);
  return fatal_;
}

std::optional<v1::Failure> Ending::ended_early() const {
  absl::MutexLock lock(&mutex_);
  return early_;
}

bool Ending::stopped() const {
  absl::MutexLock lock(&mutex_);
  return stopped_;
}

bool Ending::upload_failed() const {
  absl::MutexLock lock(&mutex_);
  return upload_failed_;
}

absl::Status Ending::Sleep(absl::Duration duration) const {
  const absl::Time until = absl::Now() + duration;
  absl::MutexLock lock(&mutex_);
  while (CollectingLocked().ok() && absl::Now() < until) changed_.WaitWithDeadline(&mutex_, until);
  return CollectingLocked();
}

absl::Status Ending::SleepPastEarlyEnd(absl::Duration duration) const {
  const absl::Time until = absl::Now() + duration;
  absl::MutexLock lock(&mutex_);
  while (fatal_.ok() && absl::Now() < until) changed_.WaitWithDeadline(&mutex_, until);
  return fatal_;
}

}  // namespace hozen
