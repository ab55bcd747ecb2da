#include "agent/upload/token_bucket.h"

#include <algorithm>

namespace hozen {

absl::Duration TokenBucket::Take(double amount, absl::Duration now) {
  if (per_second_ <= 0) return absl::ZeroDuration();
  if (last_ != -absl::InfiniteDuration() && now > last_) {
    tokens_ = std::min(burst_, tokens_ + absl::ToDoubleSeconds(now - last_) * per_second_);
  }
  last_ = std::max(last_, now);
  tokens_ -= amount;
  if (tokens_ >= 0) return absl::ZeroDuration();
  return absl::Seconds(-tokens_ / per_second_);
}

}  // namespace hozen
