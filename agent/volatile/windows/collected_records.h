// Records that one thread makes and another takes, whether the first comes to its end or not.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_COLLECTED_RECORDS_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_COLLECTED_RECORDS_H_

#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

// Thread-safe. Shared by both threads: the one that makes records may be left behind in a call of the system's.
class CollectedRecords {
 public:
  // False: nobody takes them any more.
  bool Add(v1::VolatileRecord record) {
    absl::MutexLock lock(&mutex_);
    if (!taken_) records_.push_back(std::move(record));
    return !taken_;
  }

  // What was made so far; what is made from now on goes nowhere.
  std::vector<v1::VolatileRecord> Take() {
    absl::MutexLock lock(&mutex_);
    taken_ = true;
    return std::move(records_);
  }

 private:
  absl::Mutex mutex_;
  bool taken_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<v1::VolatileRecord> records_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_COLLECTED_RECORDS_H_
