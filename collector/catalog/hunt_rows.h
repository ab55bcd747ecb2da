// Hunts as rows: one plan, kept once, and a row for each of its hosts (hunt_host_rows.h). Each call is one statement or
// one transaction on the connection given.
#ifndef HOZEN_COLLECTOR_CATALOG_HUNT_ROWS_H_
#define HOZEN_COLLECTOR_CATALOG_HUNT_ROWS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "collector/catalog/catalog.h"
#include "collector/store/sqlite.h"

namespace hozen {

absl::Status InsertHunt(SqliteConnection& connection, std::string_view customer_id, const HuntRow& row,
                        const std::vector<HuntMember>& members);
absl::StatusOr<HuntRow> SelectHunt(SqliteConnection& connection, std::string_view customer_id,
                                   std::string_view hunt_id);
absl::StatusOr<std::vector<v1::Hunt>> SelectHunts(SqliteConnection& connection, std::string_view customer_id,
                                                  uint32_t most);
absl::StatusOr<std::vector<std::string>> SelectOpenHunts(SqliteConnection& connection, std::string_view customer_id);
absl::Status ReplaceHunt(SqliteConnection& connection, std::string_view customer_id, const v1::Hunt& hunt);
absl::Status StartHostOfHunt(SqliteConnection& connection, std::string_view customer_id, const HuntStart& start);
absl::StatusOr<uint32_t> LetWaitAgain(SqliteConnection& connection, std::string_view customer_id,
                                      std::string_view hunt_id);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_CATALOG_HUNT_ROWS_H_
