// Places for long answers: each holds a thread for as long as its caller likes, and threads are all customers'.
#ifndef HOZEN_COLLECTOR_SERVICE_STREAM_SLOTS_H_
#define HOZEN_COLLECTOR_SERVICE_STREAM_SLOTS_H_

#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

namespace hozen {

struct StreamSlotsOptions {
  size_t streams = 256;  // at one time
  size_t streams_for_customer = 64;
};

// Thread-safe.
class StreamSlots {
 public:
  explicit StreamSlots(StreamSlotsOptions options = {}) : options_(options) {}
  StreamSlots(const StreamSlots&) = delete;
  StreamSlots& operator=(const StreamSlots&) = delete;

  // One stream's place. Movable; gives the place back when it goes, which is before the StreamSlots do.
  class Slot {
   public:
    Slot(StreamSlots& slots, std::string customer_id) : slots_(&slots), customer_id_(std::move(customer_id)) {}
    Slot(Slot&& other) noexcept
        : slots_(std::exchange(other.slots_, nullptr)), customer_id_(std::move(other.customer_id_)) {}
    Slot& operator=(Slot&&) = delete;
    ~Slot() {
      if (slots_ != nullptr) slots_->Leave(customer_id_);
    }

   private:
    StreamSlots* slots_;
    std::string customer_id_;
  };

  // Unavailable where there are too many.
  absl::StatusOr<Slot> Enter(const std::string& customer_id);

 private:
  void Leave(const std::string& customer_id);

  const StreamSlotsOptions options_;
  absl::Mutex mutex_;
  size_t taken_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, size_t> by_customer_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SERVICE_STREAM_SLOTS_H_
