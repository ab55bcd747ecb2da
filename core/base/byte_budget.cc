#include "core/base/byte_budget.h"

#include <algorithm>
#include <cassert>
#include <string>

#include "absl/strings/str_cat.h"

namespace hozen {

absl::Status ByteBudget::Acquire(uint64_t bytes, absl::Duration timeout) {
  const uint64_t wanted = std::min(bytes, size_bytes_);
  absl::MutexLock lock(&mutex_);
  const auto decided = [this, wanted] {
    mutex_.AssertHeld();
    return cancelled_ || size_bytes_ - used_bytes_ >= wanted;
  };
  const bool in_time = mutex_.AwaitWithTimeout(absl::Condition(&decided), timeout);
  if (cancelled_) return absl::CancelledError("waiting for memory was cancelled");
  if (!in_time) {
    return absl::DeadlineExceededError(absl::StrCat("waited ", absl::FormatDuration(timeout), " for ", wanted,
                                                    " bytes of a budget of ", size_bytes_, ", of which ", used_bytes_,
                                                    " are in use"));
  }
  used_bytes_ += wanted;
  return absl::OkStatus();
}

void ByteBudget::Release(uint64_t bytes) {
  const uint64_t given_back = std::min(bytes, size_bytes_);  // as much as Acquire took for it
  absl::MutexLock lock(&mutex_);
  assert(given_back <= used_bytes_ && "more was released than acquired");
  used_bytes_ -= given_back;
}

void ByteBudget::Cancel() {
  absl::MutexLock lock(&mutex_);
  cancelled_ = true;
}

uint64_t ByteBudget::used_bytes() const {
  absl::MutexLock lock(&mutex_);
  return used_bytes_;
}

}  // namespace hozen
