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
    kHashes,        // of entries, by SHA-256
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
  std::vector<int64_t> numbers;              // kTimes: of hosts; kAcquisitions: of acquisitions
};

// Estimates by looking at the beginning of each list that the query allows. `query` must be one that CheckQuery likes.
absl::StatusOr<SearchDriver> ChooseDriver(SqliteConnection& connection, const SearchQuery& query);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SEARCH_SEARCH_DRIVER_H_
