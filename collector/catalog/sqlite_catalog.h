// The catalog in one SQLite file (WAL, synced at each commit).
#ifndef HOZEN_COLLECTOR_CATALOG_SQLITE_CATALOG_H_
#define HOZEN_COLLECTOR_CATALOG_SQLITE_CATALOG_H_

#include <filesystem>
#include <memory>

#include "absl/status/statusor.h"
#include "collector/catalog/catalog.h"

namespace hozen {

// Creates it where it is not there. FailedPrecondition for a file of a newer schema.
absl::StatusOr<std::unique_ptr<Catalog>> OpenSqliteCatalog(const std::filesystem::path& file);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_CATALOG_SQLITE_CATALOG_H_
