// Which entries a query asks for: what every way of finding them is held against. Pure functions.
#ifndef HOZEN_COLLECTOR_SEARCH_MATCHING_H_
#define HOZEN_COLLECTOR_SEARCH_MATCHING_H_

#include <cstddef>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "collector/search/search_entry.h"

namespace hozen {

inline constexpr size_t kMaxPatternBytes = 4096;
inline constexpr size_t kMaxHashes = 100'000;

// InvalidArgument, saying what and what to do, for text over kMaxPatternBytes or with a NUL byte, over kMaxHashes
// hashes, and ranges that nothing lies in.
absl::Status CheckQuery(const SearchQuery& query);
absl::Status CheckQuery(const TimelineQuery& query);

// What the query says of paths alone.
bool MatchesPath(const SearchQuery& query, std::string_view path);
// All but acquisition and host. `query.sha256` must be sorted. Times of $FILE_NAME are found only by who asks for
// times.
bool Matches(const SearchQuery& query, const SearchEntry& entry);
bool MatchesAcquisition(const SearchQuery& query, std::string_view acquisition_id, std::string_view host_id);

// Is `wanted` a part of `text`, ASCII letters in either case?
bool ContainsIgnoringCase(std::string_view text, std::string_view wanted);

struct PointInTime {
  int64_t at_unix_ns;
  uint8_t kinds;
};
// The entry's known times, ascending, each once with all that happened at it.
std::vector<PointInTime> PointsInTime(const SearchEntry& entry);

// As an item of an acquisition is found. `item` may have a map; it is not looked at.
SearchEntry EntryOf(const v1::Item& item);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SEARCH_MATCHING_H_
