// Acquisitions as rows. Each call is one statement or one transaction on the connection given, but for those named
// ...InTransaction, for which the caller has begun one.
#ifndef HOZEN_COLLECTOR_CATALOG_ACQUISITION_ROWS_H_
#define HOZEN_COLLECTOR_CATALOG_ACQUISITION_ROWS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "collector/catalog/catalog.h"
#include "collector/store/sqlite.h"

namespace hozen {

absl::Status InsertAcquisitions(SqliteConnection& connection, std::string_view customer_id,
                                const std::vector<AcquisitionRow>& rows);
// For an acquisition that a hunt retries: waiting again, as if nothing had been. AlreadyExists where it has a manifest.
absl::Status BeginAgainInTransaction(SqliteConnection& connection, std::string_view customer_id,
                                     std::string_view acquisition_id, uint32_t attempt);
absl::Status InsertAcquisitionInTransaction(SqliteConnection& connection, std::string_view customer_id,
                                            const AcquisitionRow& row);
absl::StatusOr<AcquisitionRow> SelectAcquisition(SqliteConnection& connection, std::string_view customer_id,
                                                 std::string_view acquisition_id);
absl::StatusOr<std::vector<v1::Acquisition>> SelectAcquisitions(SqliteConnection& connection,
                                                                std::string_view customer_id, std::string_view host_id,
                                                                std::string_view hunt_id, uint32_t most);
absl::StatusOr<std::vector<AcquisitionRow>> SelectOpenAcquisitions(SqliteConnection& connection,
                                                                   std::string_view customer_id,
                                                                   std::string_view host_id);
absl::StatusOr<std::vector<std::string>> SelectCommittedIds(SqliteConnection& connection, std::string_view customer_id);
absl::Status ReplaceAcquisition(SqliteConnection& connection, std::string_view customer_id,
                                const v1::Acquisition& acquisition);
// With the manifest and what belongs to it. AlreadyExists where it has one.
absl::Status EndAcquisitionInTransaction(SqliteConnection& connection, std::string_view customer_id,
                                         const AcquisitionRow& row);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_CATALOG_ACQUISITION_ROWS_H_
