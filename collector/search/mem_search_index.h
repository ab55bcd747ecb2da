// A search index in memory that looks at everything: what the real one is judged by, and what tests of others use.
#ifndef HOZEN_COLLECTOR_SEARCH_MEM_SEARCH_INDEX_H_
#define HOZEN_COLLECTOR_SEARCH_MEM_SEARCH_INDEX_H_

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "collector/search/matching.h"
#include "collector/search/search_index.h"
#include "collector/search/timeline_filter.h"
#include "core/base/status_macros.h"

namespace hozen {

// Thread-safe.
class MemSearchIndex : public SearchIndex {
 public:
  absl::StatusOr<IndexPosition> Position(std::string_view acquisition_id) override {
    absl::MutexLock lock(&mutex_);
    return acquisitions_[std::string(acquisition_id)].position;
  }

  absl::Status Append(const Batch& batch) override {
    absl::MutexLock lock(&mutex_);
    Acquisition& acquisition = acquisitions_[batch.acquisition_id];
    if (acquisition.position != batch.from) return absl::FailedPreconditionError("it stands elsewhere");
    acquisition.position = batch.to;
    acquisition.host_id = batch.host_id;
    acquisition.entries.insert(acquisition.entries.end(), batch.entries.begin(), batch.entries.end());
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<std::string>> Done() override {
    absl::MutexLock lock(&mutex_);
    std::vector<std::string> ids;
    for (const auto& [id, acquisition] : acquisitions_) {
      if (acquisition.position.done) ids.push_back(id);
    }
    return ids;
  }

  absl::Status Find(const SearchQuery& asked, const std::function<absl::Status(const SearchHit&)>& on_hit,
                    const Poll& poll) override {
    SearchQuery query = asked;
    std::sort(query.sha256.begin(), query.sha256.end());
    HOZEN_RETURN_IF_ERROR(poll());
    for (const SearchHit& hit : All()) {
      if (!MatchesAcquisition(query, hit.acquisition_id, hit.host_id) || !Matches(query, hit.entry)) continue;
      HOZEN_RETURN_IF_ERROR(on_hit(hit));
    }
    return absl::OkStatus();
  }

  absl::Status ReadTimeline(const TimelineQuery& query,
                            const std::function<absl::Status(const TimelineEvent&)>& on_event,
                            const Poll& poll) override {
    HOZEN_RETURN_IF_ERROR(poll());
    std::vector<TimelineEvent> events;
    for (const SearchHit& hit : All()) {
      if (hit.host_id != query.host_id) continue;
      if (!query.acquisition_id.empty() && hit.acquisition_id != query.acquisition_id) continue;
      for (const PointInTime& point : PointsInTime(hit.entry)) {
        if (query.from_unix_ns.has_value() && point.at_unix_ns < *query.from_unix_ns) continue;
        if (query.to_unix_ns.has_value() && point.at_unix_ns >= *query.to_unix_ns) continue;
        events.push_back({.at_unix_ns = point.at_unix_ns, .kinds = point.kinds, .hit = hit});
      }
    }
    std::stable_sort(events.begin(), events.end(), [](const TimelineEvent& a, const TimelineEvent& b) {
      return std::tie(a.at_unix_ns, a.hit.entry.path) < std::tie(b.at_unix_ns, b.hit.entry.path);
    });
    TimelineFilter filter;
    for (const TimelineEvent& event : events) {
      if (filter.IsNews(event)) HOZEN_RETURN_IF_ERROR(on_event(event));
    }
    return absl::OkStatus();
  }

 private:
  struct Acquisition {
    std::string host_id;
    IndexPosition position;
    std::vector<SearchEntry> entries;
  };

  std::vector<SearchHit> All() {
    absl::MutexLock lock(&mutex_);
    std::vector<SearchHit> hits;
    for (const auto& [id, acquisition] : acquisitions_) {
      if (!acquisition.position.done) continue;
      for (const SearchEntry& entry : acquisition.entries) {
        hits.push_back({.entry = entry, .acquisition_id = id, .host_id = acquisition.host_id});
      }
    }
    return hits;
  }

  absl::Mutex mutex_;
  std::map<std::string, Acquisition> acquisitions_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SEARCH_MEM_SEARCH_INDEX_H_
