// A timeline in steps: a range of a host's events, by key.
#ifndef HOZEN_COLLECTOR_SEARCH_TIMELINE_PAGES_H_
#define HOZEN_COLLECTOR_SEARCH_TIMELINE_PAGES_H_

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "collector/search/index_rows.h"
#include "collector/search/search_entry.h"
#include "collector/search/timeline_filter.h"
#include "collector/store/sqlite.h"

namespace hozen {

// Thread-compatible.
class TimelinePages {
 public:
  // `query` must outlive this.
  explicit TimelinePages(const TimelineQuery& query);

  // The next events; perhaps none. Bounded as HitPages.
  absl::StatusOr<std::vector<TimelineEvent>> Next(SqliteConnection& connection);
  bool finished() const { return finished_; }

 private:
  absl::StatusOr<const IndexedAcquisition*> AcquisitionOf(SqliteConnection& connection, int64_t number);

  const TimelineQuery& query_;
  TimelineFilter filter_;
  // Behind this event.
  int64_t last_at_;
  int64_t last_path_ = 0;
  int64_t last_entry_ = 0;
  bool finished_ = false;
  absl::flat_hash_map<int64_t, IndexedAcquisition> acquisitions_;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SEARCH_TIMELINE_PAGES_H_
