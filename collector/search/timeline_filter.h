// What several acquisitions of a host tell in the same words is told once.
#ifndef HOZEN_COLLECTOR_SEARCH_TIMELINE_FILTER_H_
#define HOZEN_COLLECTOR_SEARCH_TIMELINE_FILTER_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "collector/search/search_entry.h"

namespace hozen {

// Thread-compatible. Events come in the order of time and path; those equal in both stand together.
class TimelineFilter {
 public:
  // False where another acquisition has told just that.
  bool IsNews(const TimelineEvent& event);

 private:
  int64_t at_ = 0;
  std::string path_;
  // What was told of this path at this time, and by which acquisition first. Bounded: behind the bound, it is told
  // again.
  std::vector<std::pair<TimelineEvent, std::string>> told_;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SEARCH_TIMELINE_FILTER_H_
