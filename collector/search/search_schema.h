// The search index's tables. Format: docs/formats/search-index.md.
#ifndef HOZEN_COLLECTOR_SEARCH_SEARCH_SCHEMA_H_
#define HOZEN_COLLECTOR_SEARCH_SEARCH_SCHEMA_H_

#include <filesystem>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "collector/store/sqlite.h"

namespace hozen {

// For a reader. The file must be there.
absl::StatusOr<std::unique_ptr<SqliteConnection>> OpenSearchConnection(const std::filesystem::path& file);

// For the writer: the tables are there. A file of another version or program, or a damaged one, is removed and made
// anew, since all of it can be had again.
absl::StatusOr<std::unique_ptr<SqliteConnection>> OpenSearchFile(const std::filesystem::path& file);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SEARCH_SEARCH_SCHEMA_H_
