// How much of the time building the search index may take: all of it while nothing is committed, a fourth while
// something is. Pure but for what it remembers, and without a clock.
#ifndef HOZEN_COLLECTOR_SEARCH_INDEX_PACE_H_
#define HOZEN_COLLECTOR_SEARCH_INDEX_PACE_H_

#include <cstdint>

#include "absl/time/time.h"
#include "collector/catalog/catalog.h"

namespace hozen {

// Thread-compatible.
class IndexPace {
 public:
  // So many times as long as it worked, it rests.
  static constexpr int kRestFactor = 3;
  // Not longer at one time: the index must go on, however long commits do.
  static constexpr absl::Duration kLongestRest = absl::Seconds(10);

  // After a batch on which it worked so long. `commits` as the catalog tells now. Zero where nothing was committed
  // since the last call.
  absl::Duration RestAfter(absl::Duration worked, const CommitActivity& commits);
  // A rest may end early.
  bool MayEnd(const CommitActivity& commits) const { return commits.under_way == 0 && commits.begun == begun_; }

 private:
  uint64_t begun_ = 0;  // commits, when the last batch ended
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SEARCH_INDEX_PACE_H_
