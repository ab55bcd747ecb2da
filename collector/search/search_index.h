// The index of what was acquired, of one customer: found by path, name, hash, time. Built behind the commits; all of it
// can be made again from catalog and store.
#ifndef HOZEN_COLLECTOR_SEARCH_SEARCH_INDEX_H_
#define HOZEN_COLLECTOR_SEARCH_SEARCH_INDEX_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "collector/search/search_entry.h"

namespace hozen {

// How far an acquisition is indexed: all items before `next_item`, and of the listing that this is, all before
// `next_byte` of its stream.
struct IndexPosition {
  uint64_t next_item = 0;
  uint64_t next_byte = 0;
  bool done = false;
  friend bool operator==(const IndexPosition&, const IndexPosition&) = default;
};

// Implementations are thread-safe. ResourceExhausted = no room on the disk; DataLoss = the index is damaged.
class SearchIndex {
 public:
  virtual ~SearchIndex() = default;

  // Where the acquisition stands; the beginning for one that is new.
  virtual absl::StatusOr<IndexPosition> Position(std::string_view acquisition_id) = 0;
  // The entries between `from` and `to`, and that this is done, in one step: after a crash all of it is there or
  // nothing. FailedPrecondition where `from` is not where the acquisition stands, so that nothing comes in twice.
  struct Batch {
    std::string acquisition_id;
    std::string host_id;
    IndexPosition from;
    IndexPosition to;
    std::vector<SearchEntry> entries;
  };
  virtual absl::Status Append(const Batch& batch) = 0;
  // The ids of the acquisitions that are done, ascending.
  virtual absl::StatusOr<std::vector<std::string>> Done() = 0;

  using Poll = std::function<absl::Status()>;
  // Every entry of an acquisition that is done and that the query asks for, once, in an order that is the same as long
  // as nothing is added. `poll` is asked now and then, also while nothing is found; its error, like that of
  // the handler, ends the search and comes back. No lock is held meanwhile. CheckQuery must have said OK.
  virtual absl::Status Find(const SearchQuery& query, const std::function<absl::Status(const SearchHit&)>& on_hit,
                            const Poll& poll) = 0;
  // Events in the order of their times. What several acquisitions tell in the same words is told once.
  virtual absl::Status ReadTimeline(const TimelineQuery& query,
                                    const std::function<absl::Status(const TimelineEvent&)>& on_event,
                                    const Poll& poll) = 0;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SEARCH_SEARCH_INDEX_H_
