// Hosts as rows. Each call is one statement or one transaction on the connection given.
#ifndef HOZEN_COLLECTOR_CATALOG_HOST_ROWS_H_
#define HOZEN_COLLECTOR_CATALOG_HOST_ROWS_H_

#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "collector/catalog/catalog.h"
#include "collector/store/sqlite.h"

namespace hozen {

absl::Status InsertHost(SqliteConnection& connection, std::string_view customer_id, const HostRow& row);
absl::StatusOr<HostRow> SelectHost(SqliteConnection& connection, std::string_view customer_id,
                                   std::string_view host_id);
absl::StatusOr<std::vector<v1::Host>> SelectHosts(SqliteConnection& connection, std::string_view customer_id,
                                                  std::string_view filter);
absl::Status ReplaceHost(SqliteConnection& connection, std::string_view customer_id, const HostRow& row);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_CATALOG_HOST_ROWS_H_
