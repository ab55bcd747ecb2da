#include "collector/catalog/acquisition_rows.h"

#include <string>
#include <utility>

#include "collector/catalog/hunt_host_rows.h"
#include "collector/catalog/row_status.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr char kColumns[] = "acquisition, plan, manifest, host_chain, custody_index, acquisition_id";
constexpr uint32_t kMostUnlessSaid = 1000;

absl::StatusOr<AcquisitionRow> ReadRow(SqliteConnection& connection, std::string_view customer_id,
                                       const SqliteStatement& statement) {
  AcquisitionRow row;
  if (!row.acquisition.ParseFromString(statement.Bytes(0)) || !row.plan.ParseFromString(statement.Bytes(1)) ||
      !row.manifest.ParseFromString(statement.Bytes(2))) {
    return DamagedRow(RowName("acquisition", statement.Bytes(5)));
  }
  row.host_chain_pem = statement.Bytes(3);
  if (!statement.IsNull(4)) row.custody_index = static_cast<uint64_t>(statement.Int(4));
  // The plan of a hunt names all of its hosts, so it is kept once.
  if (!row.acquisition.hunt_id().empty()) {
    HOZEN_ASSIGN_OR_RETURN(row.plan, SelectHuntPlan(connection, customer_id, row.acquisition.hunt_id()));
  }
  return row;
}

// What an acquisition is stays what it was when it was ordered, whatever is reported later.
void KeepIdentity(const v1::Acquisition& stored, v1::Acquisition& acquisition) {
  acquisition.set_acquisition_id(stored.acquisition_id());
  acquisition.set_plan_id(stored.plan_id());
  acquisition.set_host_id(stored.host_id());
  acquisition.set_hostname(stored.hostname());
  acquisition.set_operator_name(stored.operator_name());
  acquisition.set_reason(stored.reason());
  acquisition.set_created_unix_ns(stored.created_unix_ns());
  acquisition.set_deadline_unix_ns(stored.deadline_unix_ns());
  acquisition.set_summary(stored.summary());
  acquisition.set_hunt_id(stored.hunt_id());
  acquisition.set_attempt(stored.attempt());
}

absl::Status WriteAcquisition(SqliteConnection& connection, std::string_view customer_id,
                              const v1::Acquisition& acquisition) {
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement update,
                         connection.Prepare("UPDATE acquisitions SET state = ?, acquisition = ? "
                                            "WHERE customer_id = ? AND acquisition_id = ?"));
  update.BindInt(1, acquisition.state())
      .BindBlob(2, acquisition.SerializeAsString())
      .BindText(3, customer_id)
      .BindText(4, acquisition.acquisition_id());
  HOZEN_RETURN_IF_ERROR(update.Run());
  return NoteInHunt(connection, customer_id, acquisition);
}

}  // namespace

absl::Status InsertAcquisitions(SqliteConnection& connection, std::string_view customer_id,
                                const std::vector<AcquisitionRow>& rows) {
  HOZEN_ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::Begin(connection));
  for (const AcquisitionRow& row : rows) {
    HOZEN_RETURN_IF_ERROR(InsertAcquisitionInTransaction(connection, customer_id, row));
  }
  return transaction.Commit();
}

absl::Status InsertAcquisitionInTransaction(SqliteConnection& connection, std::string_view customer_id,
                                            const AcquisitionRow& row) {
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement insert,
                         connection.Prepare("INSERT INTO acquisitions (customer_id, acquisition_id, host_id, state, "
                                            "created_unix_ns, acquisition, plan, manifest, host_chain, custody_index) "
                                            "VALUES (?, ?, ?, ?, ?, ?, ?, NULL, '', NULL)"));
  const v1::Acquisition& a = row.acquisition;
  insert.BindText(1, customer_id)
      .BindText(2, a.acquisition_id())
      .BindText(3, a.host_id())
      .BindInt(4, a.state())
      .BindInt(5, a.created_unix_ns())
      .BindBlob(6, a.SerializeAsString())
      .BindBlob(7, a.hunt_id().empty() ? row.plan.SerializeAsString() : "");
  return InsertStatus(insert.Run(), RowName("acquisition", a.acquisition_id()));
}

absl::Status BeginAgainInTransaction(SqliteConnection& connection, std::string_view customer_id,
                                     std::string_view acquisition_id, uint32_t attempt) {
  HOZEN_ASSIGN_OR_RETURN(AcquisitionRow stored, SelectAcquisition(connection, customer_id, acquisition_id));
  if (!stored.manifest.payload_type().empty()) {
    return absl::AlreadyExistsError(Concat(RowName("acquisition", acquisition_id), " is committed already"));
  }
  v1::Acquisition& acquisition = stored.acquisition;
  acquisition.set_state(v1::Acquisition::STATE_WAITING);
  acquisition.set_attempt(attempt);
  acquisition.clear_detail();
  acquisition.clear_cancel_requested();
  acquisition.clear_started_unix_ns();
  acquisition.clear_finished_unix_ns();
  acquisition.clear_progress();
  return WriteAcquisition(connection, customer_id, acquisition);
}

absl::StatusOr<AcquisitionRow> SelectAcquisition(SqliteConnection& connection, std::string_view customer_id,
                                                 std::string_view acquisition_id) {
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement select,
                         connection.Prepare(Concat("SELECT ", kColumns,
                                                   " FROM acquisitions WHERE customer_id = ? AND acquisition_id = ?")));
  HOZEN_ASSIGN_OR_RETURN(const bool found, select.BindText(1, customer_id).BindText(2, acquisition_id).Step());
  if (!found) return NoSuchRow(RowName("acquisition", acquisition_id));
  return ReadRow(connection, customer_id, select);
}

absl::StatusOr<std::vector<v1::Acquisition>> SelectAcquisitions(SqliteConnection& connection,
                                                                std::string_view customer_id, std::string_view host_id,
                                                                std::string_view hunt_id, uint32_t most) {
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement select,
                         connection.Prepare("SELECT acquisition, acquisition_id FROM acquisitions "
                                            "WHERE customer_id = ?1 AND (?2 = '' OR host_id = ?2) AND (?4 = '' OR "
                                            "acquisition_id IN (SELECT acquisition_id FROM hunt_hosts "
                                            "WHERE customer_id = ?1 AND hunt_id = ?4)) "
                                            "ORDER BY created_unix_ns DESC, acquisition_id DESC LIMIT ?3"));
  select.BindText(1, customer_id)
      .BindText(2, host_id)
      .BindInt(3, most == 0 ? kMostUnlessSaid : most)
      .BindText(4, hunt_id);
  std::vector<v1::Acquisition> acquisitions;
  while (true) {
    HOZEN_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return acquisitions;
    if (!acquisitions.emplace_back().ParseFromString(select.Bytes(0))) {
      return DamagedRow(RowName("acquisition", select.Bytes(1)));
    }
  }
}

absl::StatusOr<std::vector<AcquisitionRow>> SelectOpenAcquisitions(SqliteConnection& connection,
                                                                   std::string_view customer_id,
                                                                   std::string_view host_id) {
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement select,
                         connection.Prepare(Concat("SELECT ", kColumns,
                                                   " FROM acquisitions INDEXED BY acquisitions_by_host "
                                                   "WHERE customer_id = ? AND host_id = ? AND "
                                                   "state IN (?, ?) ORDER BY created_unix_ns, acquisition_id")));
  select.BindText(1, customer_id)
      .BindText(2, host_id)
      .BindInt(3, v1::Acquisition::STATE_WAITING)
      .BindInt(4, v1::Acquisition::STATE_RUNNING);
  std::vector<AcquisitionRow> rows;
  while (true) {
    HOZEN_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return rows;
    HOZEN_ASSIGN_OR_RETURN(rows.emplace_back(), ReadRow(connection, customer_id, select));
  }
}

absl::StatusOr<std::vector<std::string>> SelectCommittedIds(SqliteConnection& connection,
                                                            std::string_view customer_id) {
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement select,
                         // By itself SQLite goes over the rows, with their plans and manifests.
                         connection.Prepare("SELECT acquisition_id FROM acquisitions INDEXED BY acquisitions_committed "
                                            "WHERE customer_id = ? AND manifest IS NOT NULL ORDER BY acquisition_id"));
  select.BindText(1, customer_id);
  std::vector<std::string> ids;
  while (true) {
    HOZEN_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return ids;
    ids.push_back(select.Bytes(0));
  }
}

absl::Status ReplaceAcquisition(SqliteConnection& connection, std::string_view customer_id,
                                const v1::Acquisition& acquisition) {
  HOZEN_ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::Begin(connection));
  HOZEN_ASSIGN_OR_RETURN(AcquisitionRow stored,
                         SelectAcquisition(connection, customer_id, acquisition.acquisition_id()));
  v1::Acquisition updated = acquisition;
  if (stored.manifest.payload_type().empty()) {
    KeepIdentity(stored.acquisition, updated);
  } else {
    // A report that was under way while the manifest was committed must not open it again.
    updated = stored.acquisition;
    *updated.mutable_progress() = acquisition.progress();
  }
  HOZEN_RETURN_IF_ERROR(WriteAcquisition(connection, customer_id, updated));
  return transaction.Commit();
}

absl::Status EndAcquisitionInTransaction(SqliteConnection& connection, std::string_view customer_id,
                                         const AcquisitionRow& row) {
  HOZEN_ASSIGN_OR_RETURN(AcquisitionRow stored,
                         SelectAcquisition(connection, customer_id, row.acquisition.acquisition_id()));
  const std::string name = RowName("acquisition", row.acquisition.acquisition_id());
  if (!stored.manifest.payload_type().empty()) return absl::AlreadyExistsError(Concat(name, " is committed already"));
  if (row.manifest.payload_type().empty()) return absl::InvalidArgumentError(Concat(name, " has no manifest"));
  v1::Acquisition ended = row.acquisition;
  KeepIdentity(stored.acquisition, ended);
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement update,
                         connection.Prepare("UPDATE acquisitions SET state = ?, acquisition = ?, manifest = ?, "
                                            "host_chain = ?, custody_index = ? "
                                            "WHERE customer_id = ? AND acquisition_id = ?"));
  update.BindInt(1, ended.state())
      .BindBlob(2, ended.SerializeAsString())
      .BindBlob(3, row.manifest.SerializeAsString())
      .BindText(4, row.host_chain_pem)
      .BindText(6, customer_id)
      .BindText(7, ended.acquisition_id());
  if (row.custody_index) {
    update.BindInt(5, static_cast<int64_t>(*row.custody_index));
  } else {
    update.BindNull(5);
  }
  HOZEN_RETURN_IF_ERROR(update.Run());
  return NoteInHunt(connection, customer_id, ended);
}

}  // namespace hozen
