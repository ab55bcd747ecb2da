#include "collector/catalog/host_rows.h"

#include <string>
#include <utility>

#include "collector/catalog/row_status.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

std::string Stored(v1::Host host) {
  host.clear_connected();
  return host.SerializeAsString();
}

}  // namespace

absl::Status InsertHost(SqliteConnection& connection, std::string_view customer_id, const HostRow& row) {
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement insert,
                         connection.Prepare("INSERT INTO hosts (customer_id, host_id, hostname, label, "
                                            "enrolled_unix_ns, host, public_key, certificate_chain) "
                                            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"));
  insert.BindText(1, customer_id)
      .BindText(2, row.host.host_id())
      .BindText(3, row.host.facts().hostname())
      .BindText(4, row.host.label())
      .BindInt(5, row.host.enrolled_unix_ns())
      .BindBlob(6, Stored(row.host))
      .BindBlob(7, row.public_key_der)
      .BindText(8, row.certificate_chain_pem);
  return InsertStatus(insert.Run(), RowName("host", row.host.host_id()));
}

absl::StatusOr<HostRow> SelectHost(SqliteConnection& connection, std::string_view customer_id,
                                   std::string_view host_id) {
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement select,
                         connection.Prepare("SELECT host, public_key, certificate_chain FROM hosts "
                                            "WHERE customer_id = ? AND host_id = ?"));
  HOZEN_ASSIGN_OR_RETURN(const bool found, select.BindText(1, customer_id).BindText(2, host_id).Step());
  if (!found) return NoSuchRow(RowName("host", host_id));
  HostRow row{.host = {}, .public_key_der = select.Bytes(1), .certificate_chain_pem = select.Bytes(2)};
  if (!row.host.ParseFromString(select.Bytes(0))) return DamagedRow(RowName("host", host_id));
  return row;
}

absl::StatusOr<std::vector<v1::Host>> SelectHosts(SqliteConnection& connection, std::string_view customer_id,
                                                  std::string_view filter) {
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement select,
                         connection.Prepare("SELECT host, host_id FROM hosts WHERE customer_id = ?1 AND (?2 = '' OR "
                                            "host_id = ?2 OR hostname = ?2 OR label = ?2) "
                                            "ORDER BY enrolled_unix_ns DESC, host_id"));
  select.BindText(1, customer_id).BindText(2, filter);
  std::vector<v1::Host> hosts;
  while (true) {
    HOZEN_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return hosts;
    if (!hosts.emplace_back().ParseFromString(select.Bytes(0))) return DamagedRow(RowName("host", select.Bytes(1)));
  }
}

absl::Status ReplaceHost(SqliteConnection& connection, std::string_view customer_id, const HostRow& row) {
  HOZEN_ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::Begin(connection));
  HOZEN_ASSIGN_OR_RETURN(HostRow stored, SelectHost(connection, customer_id, row.host.host_id()));
  v1::Host host = row.host;
  host.set_label(stored.host.label());
  host.set_enrolled_unix_ns(stored.host.enrolled_unix_ns());
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement update,
                         connection.Prepare("UPDATE hosts SET hostname = ?, host = ?, public_key = ?, "
                                            "certificate_chain = ? WHERE customer_id = ? AND host_id = ?"));
  update.BindText(1, host.facts().hostname())
      .BindBlob(2, Stored(host))
      .BindBlob(3, row.public_key_der.empty() ? stored.public_key_der : row.public_key_der)
      .BindText(4, row.certificate_chain_pem.empty() ? stored.certificate_chain_pem : row.certificate_chain_pem)
      .BindText(5, customer_id)
      .BindText(6, host.host_id());
  HOZEN_RETURN_IF_ERROR(InsertStatus(update.Run(), RowName("host", host.host_id())));
  return transaction.Commit();
}

}  // namespace hozen
