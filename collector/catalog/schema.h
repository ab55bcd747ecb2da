// The catalog's tables. Format: docs/formats/catalog.md.
#ifndef HOZEN_COLLECTOR_CATALOG_SCHEMA_H_
#define HOZEN_COLLECTOR_CATALOG_SCHEMA_H_

#include <filesystem>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "collector/store/sqlite.h"

namespace hozen {

// A connection as every user of the catalog needs it: write-ahead log, synced commits, foreign keys, the function
// hozen_matches(pattern, path).
absl::StatusOr<std::unique_ptr<SqliteConnection>> OpenCatalogConnection(const std::filesystem::path& file);

// Makes the tables in an empty file, and those that are missing in an older one, all or none. FailedPrecondition for a
// newer schema or another program's file.
absl::Status PrepareSchema(SqliteConnection& connection);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_CATALOG_SCHEMA_H_
