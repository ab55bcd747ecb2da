#include "agent/upload/backoff.h"

#include <algorithm>

namespace hozen {

absl::Duration Backoff::Next() {
  bound_ = std::min(most_, bound_ * 2);
  const double least = absl::ToDoubleSeconds(least_);
  const double bound = std::max(least, absl::ToDoubleSeconds(bound_));
  return absl::Seconds(std::uniform_real_distribution<double>(least, bound)(random_));
}

}  // namespace hozen
