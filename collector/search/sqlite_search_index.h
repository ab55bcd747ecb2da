// The search index in one SQLite file (WAL). Format: docs/formats/search-index.md.
#ifndef HOZEN_COLLECTOR_SEARCH_SQLITE_SEARCH_INDEX_H_
#define HOZEN_COLLECTOR_SEARCH_SQLITE_SEARCH_INDEX_H_

#include <filesystem>
#include <memory>

#include "absl/status/statusor.h"
#include "collector/search/search_index.h"

namespace hozen {

// Creates it where it is not there, and anew where it is damaged or of another version.
absl::StatusOr<std::unique_ptr<SearchIndex>> OpenSqliteSearchIndex(const std::filesystem::path& file);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SEARCH_SQLITE_SEARCH_INDEX_H_
