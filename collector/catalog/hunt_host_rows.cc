#include "collector/catalog/hunt_host_rows.h"

#include <utility>

#include "collector/catalog/row_status.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr char kSelectHosts[] =
    "SELECT host_id, hostname, acquisition_id, place, acquisition_state, attempt, started_unix_ns, ended_unix_ns, "
    "stream_bytes, sent_bytes, detail, state FROM hunt_hosts JOIN hunts USING (customer_id, hunt_id) ";

v1::HuntHost::State StateOfStarted(v1::Acquisition::State acquisition, v1::Hunt::State hunt) {
  switch (acquisition) {
    case v1::Acquisition::STATE_RUNNING:
      return v1::HuntHost::STATE_RUNNING;
    case v1::Acquisition::STATE_COMPLETE:
      return v1::HuntHost::STATE_COMPLETE;
    case v1::Acquisition::STATE_COMPLETE_WITH_FAILURES:
      return v1::HuntHost::STATE_COMPLETE_WITH_FAILURES;
    case v1::Acquisition::STATE_REFUSED:
    case v1::Acquisition::STATE_FAILED:
      return v1::HuntHost::STATE_FAILED;
    case v1::Acquisition::STATE_EXPIRED:
      return v1::HuntHost::STATE_EXPIRED;
    default:
      break;
  }
  // Nobody looked at the acquisition since its deadline passed.
  return hunt == v1::Hunt::STATE_EXPIRED ? v1::HuntHost::STATE_EXPIRED : v1::HuntHost::STATE_OFFERED;
}

bool WasTakenUp(v1::Acquisition::State acquisition) {
  return acquisition == v1::Acquisition::STATE_RUNNING || acquisition == v1::Acquisition::STATE_COMPLETE ||
         acquisition == v1::Acquisition::STATE_COMPLETE_WITH_FAILURES;
}

void CountHosts(v1::HuntHost::State state, uint32_t hosts, v1::HuntTally& tally) {
  const auto add = [hosts](uint32_t before) { return before + hosts; };
  switch (state) {
    case v1::HuntHost::STATE_WAITING:
      return tally.set_waiting(add(tally.waiting()));
    case v1::HuntHost::STATE_OFFERED:
      return tally.set_offered(add(tally.offered()));
    case v1::HuntHost::STATE_RUNNING:
      return tally.set_running(add(tally.running()));
    case v1::HuntHost::STATE_COMPLETE:
      return tally.set_complete(add(tally.complete()));
    case v1::HuntHost::STATE_COMPLETE_WITH_FAILURES:
      return tally.set_complete_with_failures(add(tally.complete_with_failures()));
    case v1::HuntHost::STATE_FAILED:
      return tally.set_failed(add(tally.failed()));
    case v1::HuntHost::STATE_STOPPED:
      return tally.set_stopped(add(tally.stopped()));
    case v1::HuntHost::STATE_EXPIRED:
      return tally.set_expired(add(tally.expired()));
    default:
      return;
  }
}

v1::HuntHost::State StateIn(const SqliteStatement& select, int place, int acquisition, v1::Hunt::State hunt) {
  return HuntHostState(static_cast<HuntPlace>(select.Int(place)),
                       static_cast<v1::Acquisition::State>(select.Int(acquisition)), hunt);
}

v1::HuntHost ReadHost(const SqliteStatement& select) {
  v1::HuntHost host;
  host.set_host_id(select.Bytes(0));
  host.set_hostname(select.Bytes(1));
  host.set_acquisition_id(select.Bytes(2));
  host.set_state(StateIn(select, 3, 4, static_cast<v1::Hunt::State>(select.Int(11))));
  host.set_attempt(static_cast<uint32_t>(select.Int(5)));
  host.set_started_unix_ns(select.Int(6));
  host.set_ended_unix_ns(select.Int(7));
  host.set_stream_bytes(static_cast<uint64_t>(select.Int(8)));
  host.set_sent_bytes(static_cast<uint64_t>(select.Int(9)));
  host.set_detail(select.Bytes(10));
  return host;
}

}  // namespace

v1::HuntHost::State HuntHostState(HuntPlace place, v1::Acquisition::State acquisition, v1::Hunt::State hunt) {
  if (place == HuntPlace::kStarted) return StateOfStarted(acquisition, hunt);
  if (place == HuntPlace::kWithdrawn) {
    return WasTakenUp(acquisition) ? StateOfStarted(acquisition, hunt) : v1::HuntHost::STATE_STOPPED;
  }
  switch (hunt) {
    case v1::Hunt::STATE_STOPPED:
    case v1::Hunt::STATE_STOPPED_BY_LIMIT:
      return v1::HuntHost::STATE_STOPPED;
    case v1::Hunt::STATE_EXPIRED:
      return v1::HuntHost::STATE_EXPIRED;
    default:
      return v1::HuntHost::STATE_WAITING;
  }
}

absl::Status NoteInHunt(SqliteConnection& connection, std::string_view customer_id,
                        const v1::Acquisition& acquisition) {
  if (acquisition.hunt_id().empty()) return absl::OkStatus();
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement update,
                         connection.Prepare("UPDATE hunt_hosts SET acquisition_state = ?, ended_unix_ns = ?, "
                                            "stream_bytes = ?, sent_bytes = ?, detail = ? "
                                            "WHERE customer_id = ? AND acquisition_id = ?"));
  return update.BindInt(1, acquisition.state())
      .BindInt(2, acquisition.finished_unix_ns())
      .BindInt(3, static_cast<int64_t>(acquisition.progress().read_bytes()))
      .BindInt(4, static_cast<int64_t>(acquisition.progress().sent_bytes()))
      .BindText(5, acquisition.detail())
      .BindText(6, customer_id)
      .BindText(7, acquisition.acquisition_id())
      .Run();
}

absl::StatusOr<v1::SignedPlan> SelectHuntPlan(SqliteConnection& connection, std::string_view customer_id,
                                              std::string_view hunt_id) {
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement select,
                         connection.Prepare("SELECT plan FROM hunts WHERE customer_id = ? AND hunt_id = ?"));
  HOZEN_ASSIGN_OR_RETURN(const bool found, select.BindText(1, customer_id).BindText(2, hunt_id).Step());
  v1::SignedPlan plan;
  if (!found || !plan.ParseFromString(select.Bytes(0))) return DamagedRow(RowName("hunt", hunt_id));
  return plan;
}

absl::Status InsertHuntMember(SqliteConnection& connection, std::string_view customer_id, std::string_view hunt_id,
                              int64_t index, const HuntMember& member) {
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement insert,
                         connection.Prepare("INSERT INTO hunt_hosts (customer_id, hunt_id, idx, host_id, hostname, "
                                            "acquisition_id, place, attempt, acquisition_state, started_unix_ns, "
                                            "ended_unix_ns, stream_bytes, sent_bytes, detail) "
                                            "VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0, 0, 0, '')"));
  insert.BindText(1, customer_id)
      .BindText(2, hunt_id)
      .BindInt(3, index)
      .BindText(4, member.host_id)
      .BindText(5, member.hostname)
      .BindText(6, member.acquisition_id)
      .BindInt(7, static_cast<int64_t>(HuntPlace::kWaiting));
  return InsertStatus(insert.Run(), RowName("host", member.host_id));
}

absl::StatusOr<std::vector<v1::HuntHost>> SelectHuntHosts(SqliteConnection& connection, std::string_view customer_id,
                                                          std::string_view hunt_id) {
  HOZEN_ASSIGN_OR_RETURN(
      SqliteStatement select,
      connection.Prepare(Concat(kSelectHosts, "WHERE customer_id = ? AND hunt_id = ? ORDER BY idx")));
  select.BindText(1, customer_id).BindText(2, hunt_id);
  std::vector<v1::HuntHost> hosts;
  while (true) {
    HOZEN_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return hosts;
    hosts.push_back(ReadHost(select));
  }
}

absl::StatusOr<v1::HuntHost> SelectHuntHost(SqliteConnection& connection, std::string_view customer_id,
                                            std::string_view acquisition_id) {
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement select,
                         connection.Prepare(Concat(kSelectHosts, "WHERE customer_id = ? AND acquisition_id = ?")));
  HOZEN_ASSIGN_OR_RETURN(const bool found, select.BindText(1, customer_id).BindText(2, acquisition_id).Step());
  if (!found) return NoSuchRow(RowName("a hunt's acquisition", acquisition_id));
  return ReadHost(select);
}

absl::StatusOr<v1::HuntTally> CountHuntHosts(SqliteConnection& connection, std::string_view customer_id,
                                             const v1::Hunt& hunt) {
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement select,
                         connection.Prepare("SELECT place, acquisition_state, count(*), sum(stream_bytes), "
                                            "sum(sent_bytes) FROM hunt_hosts WHERE customer_id = ? AND hunt_id = ? "
                                            "GROUP BY place, acquisition_state"));
  select.BindText(1, customer_id).BindText(2, hunt.hunt_id());
  v1::HuntTally tally;
  while (true) {
    HOZEN_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return tally;
    const uint32_t hosts = static_cast<uint32_t>(select.Int(2));
    tally.set_hosts(tally.hosts() + hosts);
    CountHosts(StateIn(select, 0, 1, hunt.state()), hosts, tally);
    tally.set_stream_bytes(tally.stream_bytes() + static_cast<uint64_t>(select.Int(3)));
    tally.set_sent_bytes(tally.sent_bytes() + static_cast<uint64_t>(select.Int(4)));
  }
}

absl::Status WithdrawHostOfHunt(SqliteConnection& connection, std::string_view customer_id,
                                std::string_view acquisition_id) {
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement update,
                         connection.Prepare("UPDATE hunt_hosts SET place = ? "
                                            "WHERE customer_id = ? AND acquisition_id = ? AND place = ?"));
  return update.BindInt(1, static_cast<int64_t>(HuntPlace::kWithdrawn))
      .BindText(2, customer_id)
      .BindText(3, acquisition_id)
      .BindInt(4, static_cast<int64_t>(HuntPlace::kStarted))
      .Run();
}

}  // namespace hozen
