// What a row's fate is called: SQLite's codes in the catalog's words.
#ifndef HOZEN_COLLECTOR_CATALOG_ROW_STATUS_H_
#define HOZEN_COLLECTOR_CATALOG_ROW_STATUS_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"

namespace hozen {

// "host 3f2a...": what a status speaks of.
inline std::string RowName(std::string_view table, std::string_view key) { return Concat(table, " ", Printable(key)); }

// For an INSERT: a key taken twice is AlreadyExists, a row that it refers to and is not there NotFound.
inline absl::Status InsertStatus(const absl::Status& status, std::string_view row) {
  if (absl::IsAlreadyExists(status)) {
    return absl::AlreadyExistsError(Concat(row, ": its name, id or key is taken already"));
  }
  if (absl::IsNotFound(status)) return absl::NotFoundError(Concat(row, ": what it belongs to is not in the catalog"));
  return WithContext(status, Concat("the catalog, ", row));
}

inline absl::Status NoSuchRow(std::string_view row) {
  return absl::NotFoundError(Concat(row, " is not in the catalog"));
}

inline absl::Status DamagedRow(std::string_view row) {
  return absl::InternalError(Concat(row, ": its row in the catalog is damaged; bring catalog back from a backup"));
}

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_CATALOG_ROW_STATUS_H_
