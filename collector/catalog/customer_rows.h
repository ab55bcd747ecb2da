// Customers, operators and tokens as rows. Each call is one statement or one transaction on the connection given.
#ifndef HOZEN_COLLECTOR_CATALOG_CUSTOMER_ROWS_H_
#define HOZEN_COLLECTOR_CATALOG_CUSTOMER_ROWS_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "collector/catalog/catalog.h"
#include "collector/store/sqlite.h"

namespace hozen {

absl::Status InsertCustomer(SqliteConnection& connection, const CustomerRow& customer);
absl::Status FinishCustomerRow(SqliteConnection& connection, const CustomerRow& customer);
absl::StatusOr<CustomerRow> SelectCustomer(SqliteConnection& connection, std::string_view customer_id);
absl::StatusOr<std::vector<CustomerRow>> SelectCustomers(SqliteConnection& connection);

absl::Status InsertOperator(SqliteConnection& connection, std::string_view customer_id, const OperatorRow& row);
absl::StatusOr<OperatorRow> SelectOperator(SqliteConnection& connection, std::string_view customer_id,
                                           std::string_view name);

struct TokenRow {
  Digest secret_sha256;
  std::string_view label;
  int64_t expires_unix_ns = 0;
  uint32_t uses = 0;
};
absl::Status InsertToken(SqliteConnection& connection, std::string_view customer_id, const TokenRow& token);
absl::StatusOr<TokenUse> TakeTokenUse(SqliteConnection& connection, const Digest& secret_sha256, int64_t now_unix_ns);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_CATALOG_CUSTOMER_ROWS_H_
