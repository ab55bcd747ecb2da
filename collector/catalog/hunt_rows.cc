#include "collector/catalog/hunt_rows.h"

#include <utility>

#include "collector/catalog/acquisition_rows.h"
#include "collector/catalog/hunt_host_rows.h"
#include "collector/catalog/row_status.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr uint32_t kMostUnlessSaid = 1000;

std::string Stored(v1::Hunt hunt) {
  hunt.clear_tally();
  return hunt.SerializeAsString();
}

// An acquisition that was ordered by itself is of the same plan as none of a hunt's.
absl::Status CheckNotOrdered(SqliteConnection& connection, std::string_view customer_id, const HuntMember& member) {
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement select,
                         connection.Prepare("SELECT 1 FROM acquisitions WHERE customer_id = ? AND acquisition_id = ?"));
  HOZEN_ASSIGN_OR_RETURN(const bool found, select.BindText(1, customer_id).BindText(2, member.acquisition_id).Step());
  if (!found) return absl::OkStatus();
  return absl::AlreadyExistsError(Concat(RowName("acquisition", member.acquisition_id), ": its id is taken already"));
}

absl::StatusOr<v1::Hunt> SelectHuntAlone(SqliteConnection& connection, std::string_view customer_id,
                                         std::string_view hunt_id) {
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement select,
                         connection.Prepare("SELECT hunt FROM hunts WHERE customer_id = ? AND hunt_id = ?"));
  HOZEN_ASSIGN_OR_RETURN(const bool found, select.BindText(1, customer_id).BindText(2, hunt_id).Step());
  if (!found) return NoSuchRow(RowName("hunt", hunt_id));
  v1::Hunt hunt;
  if (!hunt.ParseFromString(select.Bytes(0))) return DamagedRow(RowName("hunt", hunt_id));
  return hunt;
}

absl::Status WriteHunt(SqliteConnection& connection, std::string_view customer_id, const v1::Hunt& hunt) {
  HOZEN_ASSIGN_OR_RETURN(
      SqliteStatement update,
      connection.Prepare("UPDATE hunts SET state = ?, hunt = ? WHERE customer_id = ? AND hunt_id = ?"));
  return update.BindInt(1, hunt.state())
      .BindBlob(2, Stored(hunt))
      .BindText(3, customer_id)
      .BindText(4, hunt.hunt_id())
      .Run();
}

absl::Status MarkStarted(SqliteConnection& connection, std::string_view customer_id, const HuntStart& start) {
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement host,
                         connection.Prepare("UPDATE hunt_hosts SET place = ?, attempt = ?, acquisition_state = ?, "
                                            "started_unix_ns = ?, ended_unix_ns = 0, stream_bytes = 0, sent_bytes = 0, "
                                            "detail = '' WHERE customer_id = ? AND acquisition_id = ?"));
  HOZEN_RETURN_IF_ERROR(host.BindInt(1, static_cast<int64_t>(HuntPlace::kStarted))
                            .BindInt(2, start.row.acquisition.attempt())
                            .BindInt(3, v1::Acquisition::STATE_WAITING)
                            .BindInt(4, start.started_unix_ns)
                            .BindText(5, customer_id)
                            .BindText(6, start.row.acquisition.acquisition_id())
                            .Run());
  HOZEN_ASSIGN_OR_RETURN(
      SqliteStatement hunt,
      connection.Prepare("UPDATE hunts SET next_start_unix_ns = ? WHERE customer_id = ? AND hunt_id = ?"));
  return hunt.BindInt(1, start.next_start_unix_ns).BindText(2, customer_id).BindText(3, start.hunt_id).Run();
}

}  // namespace

absl::Status InsertHunt(SqliteConnection& connection, std::string_view customer_id, const HuntRow& row,
                        const std::vector<HuntMember>& members) {
  HOZEN_ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::Begin(connection));
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement insert,
                         connection.Prepare("INSERT INTO hunts (customer_id, hunt_id, state, created_unix_ns, "
                                            "next_start_unix_ns, hunt, plan) VALUES (?, ?, ?, ?, ?, ?, ?)"));
  insert.BindText(1, customer_id)
      .BindText(2, row.hunt.hunt_id())
      .BindInt(3, row.hunt.state())
      .BindInt(4, row.hunt.created_unix_ns())
      .BindInt(5, row.next_start_unix_ns)
      .BindBlob(6, Stored(row.hunt))
      .BindBlob(7, row.plan.SerializeAsString());
  HOZEN_RETURN_IF_ERROR(InsertStatus(insert.Run(), RowName("hunt", row.hunt.hunt_id())));
  int64_t index = 0;
  for (const HuntMember& member : members) {
    HOZEN_RETURN_IF_ERROR(CheckNotOrdered(connection, customer_id, member));
    HOZEN_RETURN_IF_ERROR(InsertHuntMember(connection, customer_id, row.hunt.hunt_id(), index++, member));
  }
  return transaction.Commit();
}

absl::StatusOr<HuntRow> SelectHunt(SqliteConnection& connection, std::string_view customer_id,
                                   std::string_view hunt_id) {
  HOZEN_ASSIGN_OR_RETURN(SqliteTransaction reading, SqliteTransaction::BeginReading(connection));
  HOZEN_ASSIGN_OR_RETURN(
      SqliteStatement select,
      connection.Prepare("SELECT hunt, plan, next_start_unix_ns FROM hunts WHERE customer_id = ? AND hunt_id = ?"));
  HOZEN_ASSIGN_OR_RETURN(const bool found, select.BindText(1, customer_id).BindText(2, hunt_id).Step());
  if (!found) return NoSuchRow(RowName("hunt", hunt_id));
  HuntRow row;
  if (!row.hunt.ParseFromString(select.Bytes(0)) || !row.plan.ParseFromString(select.Bytes(1))) {
    return DamagedRow(RowName("hunt", hunt_id));
  }
  row.next_start_unix_ns = select.Int(2);
  HOZEN_ASSIGN_OR_RETURN(*row.hunt.mutable_tally(), CountHuntHosts(connection, customer_id, row.hunt));
  return row;
}

absl::StatusOr<std::vector<v1::Hunt>> SelectHunts(SqliteConnection& connection, std::string_view customer_id,
                                                  uint32_t most) {
  HOZEN_ASSIGN_OR_RETURN(SqliteTransaction reading, SqliteTransaction::BeginReading(connection));
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement select,
                         connection.Prepare("SELECT hunt, hunt_id FROM hunts WHERE customer_id = ? "
                                            "ORDER BY created_unix_ns DESC, hunt_id DESC LIMIT ?"));
  select.BindText(1, customer_id).BindInt(2, most == 0 ? kMostUnlessSaid : most);
  std::vector<v1::Hunt> hunts;
  while (true) {
    HOZEN_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return hunts;
    v1::Hunt& hunt = hunts.emplace_back();
    if (!hunt.ParseFromString(select.Bytes(0))) return DamagedRow(RowName("hunt", select.Bytes(1)));
    HOZEN_ASSIGN_OR_RETURN(*hunt.mutable_tally(), CountHuntHosts(connection, customer_id, hunt));
  }
}

absl::StatusOr<std::vector<std::string>> SelectOpenHunts(SqliteConnection& connection, std::string_view customer_id) {
  HOZEN_ASSIGN_OR_RETURN(
      SqliteStatement select,
      connection.Prepare("SELECT hunt_id FROM hunts AS h WHERE customer_id = ?1 AND (state = ?2 OR (state IN (?3, ?4) "
                         "AND EXISTS (SELECT 1 FROM hunt_hosts WHERE customer_id = ?1 AND hunt_id = h.hunt_id AND "
                         "place = ?5 AND acquisition_state = ?6))) ORDER BY created_unix_ns, hunt_id"));
  select.BindText(1, customer_id)
      .BindInt(2, v1::Hunt::STATE_RUNNING)
      .BindInt(3, v1::Hunt::STATE_STOPPED)
      .BindInt(4, v1::Hunt::STATE_STOPPED_BY_LIMIT)
      .BindInt(5, static_cast<int64_t>(HuntPlace::kStarted))
      .BindInt(6, v1::Acquisition::STATE_WAITING);
  std::vector<std::string> ids;
  while (true) {
    HOZEN_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return ids;
    ids.push_back(select.Bytes(0));
  }
}

absl::Status ReplaceHunt(SqliteConnection& connection, std::string_view customer_id, const v1::Hunt& hunt) {
  HOZEN_ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::Begin(connection));
  HOZEN_ASSIGN_OR_RETURN(v1::Hunt stored, SelectHuntAlone(connection, customer_id, hunt.hunt_id()));
  stored.set_state(hunt.state());
  stored.set_detail(hunt.detail());
  stored.set_ended_unix_ns(hunt.ended_unix_ns());
  HOZEN_RETURN_IF_ERROR(WriteHunt(connection, customer_id, stored));
  return transaction.Commit();
}

absl::Status StartHostOfHunt(SqliteConnection& connection, std::string_view customer_id, const HuntStart& start) {
  HOZEN_ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::Begin(connection));
  const v1::Acquisition& acquisition = start.row.acquisition;
  HOZEN_ASSIGN_OR_RETURN(const v1::HuntHost host,
                         SelectHuntHost(connection, customer_id, acquisition.acquisition_id()));
  if (host.state() != v1::HuntHost::STATE_WAITING) {
    return absl::FailedPreconditionError(Concat(
        RowName("host", host.host_id()), " does not wait for its turn: ", v1::HuntHost::State_Name(host.state())));
  }
  if (host.attempt() == 0) {
    HOZEN_RETURN_IF_ERROR(InsertAcquisitionInTransaction(connection, customer_id, start.row));
  } else {
    HOZEN_RETURN_IF_ERROR(
        BeginAgainInTransaction(connection, customer_id, acquisition.acquisition_id(), acquisition.attempt()));
  }
  HOZEN_RETURN_IF_ERROR(MarkStarted(connection, customer_id, start));
  return transaction.Commit();
}

absl::StatusOr<uint32_t> LetWaitAgain(SqliteConnection& connection, std::string_view customer_id,
                                      std::string_view hunt_id) {
  HOZEN_ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::Begin(connection));
  HOZEN_ASSIGN_OR_RETURN(v1::Hunt hunt, SelectHuntAlone(connection, customer_id, hunt_id));
  HOZEN_ASSIGN_OR_RETURN(const std::vector<v1::HuntHost> hosts, SelectHuntHosts(connection, customer_id, hunt_id));
  HOZEN_ASSIGN_OR_RETURN(
      SqliteStatement update,
      connection.Prepare("UPDATE hunt_hosts SET place = ? WHERE customer_id = ? AND acquisition_id = ?"));
  uint32_t again = 0;
  for (const v1::HuntHost& host : hosts) {
    if (host.state() != v1::HuntHost::STATE_FAILED && host.state() != v1::HuntHost::STATE_EXPIRED &&
        host.state() != v1::HuntHost::STATE_STOPPED) {
      continue;
    }
    ++again;
    update.Reset();
    update.BindInt(1, static_cast<int64_t>(HuntPlace::kWaiting))
        .BindText(2, customer_id)
        .BindText(3, host.acquisition_id());
    HOZEN_RETURN_IF_ERROR(update.Run());
  }
  if (again == 0) return again;
  hunt.set_state(v1::Hunt::STATE_RUNNING);
  hunt.clear_detail();
  hunt.clear_ended_unix_ns();
  HOZEN_RETURN_IF_ERROR(WriteHunt(connection, customer_id, hunt));
  HOZEN_RETURN_IF_ERROR(transaction.Commit());
  return again;
}

}  // namespace hozen
