#include "collector/search/index_pace.h"

#include <algorithm>

namespace hozen {

absl::Duration IndexPace::RestAfter(absl::Duration worked, const CommitActivity& commits) {
  // Many small commits are as busy as a large one, though none of them may be under way when it is asked.
  const bool busy = commits.under_way > 0 || commits.begun != begun_;
  begun_ = commits.begun;
  if (!busy) return absl::ZeroDuration();
  return std::clamp(kRestFactor * worked, absl::ZeroDuration(), kLongestRest);
}

}  // namespace hozen
