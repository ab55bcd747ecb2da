#include "collector/service/stream_slots.h"

namespace hozen {

absl::StatusOr<StreamSlots::Slot> StreamSlots::Enter(const std::string& customer_id) {
  absl::MutexLock lock(&mutex_);
  const auto found = by_customer_.find(customer_id);
  const size_t of_customer = found == by_customer_.end() ? 0 : found->second;
  if (taken_ >= options_.streams || of_customer >= options_.streams_for_customer) {
    return absl::UnavailableError(
        "many exports, lists and watches are under way at this moment: end some, or try again later");
  }
  ++taken_;
  ++by_customer_[customer_id];
  return Slot(*this, customer_id);
}

void StreamSlots::Leave(const std::string& customer_id) {
  absl::MutexLock lock(&mutex_);
  --taken_;
  const auto found = by_customer_.find(customer_id);
  if (--found->second == 0) by_customer_.erase(found);
}

}  // namespace hozen
