// By which of its indexes a search finds candidates: the one that gives fewest.
#ifndef HOZEN_COLLECTOR_SEARCH_SEARCH_DRIVER_H_
#define HOZEN_COLLECTOR_SEARCH_SEARCH_DRIVER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "collector/search/search_entry.h"
#include "collector/store/sqlite.h"

namespace hozen {

struct SearchDriver {
  enum class Kind {
    kHashes,        // of entries, by how their SHA-256 begins
    kName,          // of paths, by their names
    kPathRange,     // of paths, by what they begin with
    kTrigrams,      // of paths, by what they contain
    kTimes,         // of events
    kAcquisitions,  // of entries, by their acquisitions
    kPaths,         // all paths
    kEntries,       // all entries
  };
  Kind kind = Kind::kEntries;
  std::string prefix;                        // kPathRange
  std::optional<std::string> behind_prefix;  // kPathRange
  std::string expression;                    // kTrigrams
  std::vector<int64_t> hosts;                // kTimes: their numbers
  // The numbers of the only acquisitions that the query asks for, ascending; nothing where it may be any.
  std::optional<std::vector<int64_t>> acquisitions;
};

// Counts each list that the query allows, as far as it must to see which is shortest, and not far. `query` must be one
// that CheckQuery likes.
absl::StatusOr<SearchDriver> ChooseDriver(SqliteConnection& connection, const SearchQuery& query);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SEARCH_SEARCH_DRIVER_H_
