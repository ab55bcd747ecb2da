#include "collector/catalog/customer_rows.h"

#include <utility>

#include "absl/time/time.h"
#include "collector/catalog/row_status.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr char kCustomerColumns[] = "customer_id, name, ready, authority_key, delegation";

absl::StatusOr<CustomerRow> ReadCustomer(const SqliteStatement& row) {
  CustomerRow customer{.customer_id = row.Bytes(0),
                       .name = row.Bytes(1),
                       .ready = row.Int(2) != 0,
                       .authority_key_der = row.Bytes(3),
                       .delegation = {}};
  if (!customer.delegation.ParseFromString(row.Bytes(4))) return DamagedRow(RowName("customer", customer.customer_id));
  return customer;
}

}  // namespace

absl::Status InsertCustomer(SqliteConnection& connection, const CustomerRow& customer) {
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement insert, connection.Prepare("INSERT INTO customers VALUES (?, ?, ?, ?, ?)"));
  insert.BindText(1, customer.customer_id)
      .BindText(2, customer.name)
      .BindInt(3, customer.ready ? 1 : 0)
      .BindBlob(4, customer.authority_key_der)
      .BindBlob(5, customer.delegation.SerializeAsString());
  return InsertStatus(insert.Run(), RowName("customer", customer.name));
}

absl::Status FinishCustomerRow(SqliteConnection& connection, const CustomerRow& customer) {
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement update,
                         connection.Prepare("UPDATE customers SET ready = 1, authority_key = ?, delegation = ? "
                                            "WHERE customer_id = ? AND ready = 0"));
  update.BindBlob(1, customer.authority_key_der)
      .BindBlob(2, customer.delegation.SerializeAsString())
      .BindText(3, customer.customer_id);
  HOZEN_RETURN_IF_ERROR(update.Run());
  if (connection.changes() > 0) return absl::OkStatus();
  HOZEN_RETURN_IF_ERROR(SelectCustomer(connection, customer.customer_id).status());
  return absl::FailedPreconditionError(
      Concat(RowName("customer", customer.customer_id), " has its authority already; it is never replaced"));
}

absl::StatusOr<CustomerRow> SelectCustomer(SqliteConnection& connection, std::string_view customer_id) {
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement select, connection.Prepare(Concat("SELECT ", kCustomerColumns,
                                                                           " FROM customers WHERE customer_id = ?")));
  HOZEN_ASSIGN_OR_RETURN(const bool found, select.BindText(1, customer_id).Step());
  if (!found) return NoSuchRow(RowName("customer", customer_id));
  return ReadCustomer(select);
}

absl::StatusOr<std::vector<CustomerRow>> SelectCustomers(SqliteConnection& connection) {
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement select,
                         connection.Prepare(Concat("SELECT ", kCustomerColumns, " FROM customers ORDER BY name")));
  std::vector<CustomerRow> customers;
  while (true) {
    HOZEN_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return customers;
    HOZEN_ASSIGN_OR_RETURN(customers.emplace_back(), ReadCustomer(select));
  }
}

absl::Status InsertOperator(SqliteConnection& connection, std::string_view customer_id, const OperatorRow& row) {
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement insert, connection.Prepare("INSERT INTO operators VALUES (?, ?, ?, ?)"));
  insert.BindText(1, customer_id)
      .BindText(2, row.name)
      .BindText(3, row.role)
      .BindBlob(4, row.certificate.SerializeAsString());
  return InsertStatus(insert.Run(), RowName("operator", row.name));
}

absl::StatusOr<OperatorRow> SelectOperator(SqliteConnection& connection, std::string_view customer_id,
                                           std::string_view name) {
  HOZEN_ASSIGN_OR_RETURN(
      SqliteStatement select,
      connection.Prepare("SELECT name, role, certificate FROM operators WHERE customer_id = ? AND name = ?"));
  HOZEN_ASSIGN_OR_RETURN(const bool found, select.BindText(1, customer_id).BindText(2, name).Step());
  if (!found) return NoSuchRow(RowName("operator", name));
  OperatorRow row{.name = select.Bytes(0), .role = select.Bytes(1), .certificate = {}};
  if (!row.certificate.ParseFromString(select.Bytes(2))) return DamagedRow(RowName("operator", name));
  return row;
}

absl::Status InsertToken(SqliteConnection& connection, std::string_view customer_id, const TokenRow& token) {
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement insert, connection.Prepare("INSERT INTO tokens VALUES (?, ?, ?, ?, ?)"));
  insert.BindBlob(1, token.secret_sha256.bytes())
      .BindText(2, customer_id)
      .BindText(3, token.label)
      .BindInt(4, token.expires_unix_ns)
      .BindInt(5, token.uses);
  return InsertStatus(insert.Run(), "token");
}

absl::StatusOr<TokenUse> TakeTokenUse(SqliteConnection& connection, const Digest& secret_sha256, int64_t now_unix_ns) {
  HOZEN_ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::Begin(connection));
  TokenUse use;
  {
    HOZEN_ASSIGN_OR_RETURN(
        SqliteStatement select,
        connection.Prepare(
            "SELECT customer_id, label, expires_unix_ns, uses_left FROM tokens WHERE secret_sha256 = ?"));
    HOZEN_ASSIGN_OR_RETURN(const bool found, select.BindBlob(1, secret_sha256.bytes()).Step());
    if (!found) return absl::NotFoundError("the token is not known here");
    use = {.customer_id = select.Bytes(0), .label = select.Bytes(1)};
    if (select.Int(2) <= now_unix_ns) {
      return absl::FailedPreconditionError(
          Concat("the token expired at ",
                 absl::FormatTime(absl::RFC3339_sec, absl::FromUnixNanos(select.Int(2)), absl::UTCTimeZone()),
                 "; ask for a new one"));
    }
    if (select.Int(3) <= 0) {
      return absl::FailedPreconditionError("the token is used up; ask for a new one");
    }
  }
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement take,
                         connection.Prepare("UPDATE tokens SET uses_left = uses_left - 1 WHERE secret_sha256 = ?"));
  HOZEN_RETURN_IF_ERROR(take.BindBlob(1, secret_sha256.bytes()).Run());
  HOZEN_RETURN_IF_ERROR(transaction.Commit());
  return use;
}

}  // namespace hozen
