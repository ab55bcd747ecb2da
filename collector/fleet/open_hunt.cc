#include "collector/fleet/open_hunt.h"

#include <algorithm>
#include <set>

#include "collector/custody/custody_log.h"
#include "collector/fleet/new_acquisition.h"
#include "core/base/concat.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/plan/plan.h"

namespace hozen {
namespace {

// How stale a limit of bytes may be about hosts that are sending.
constexpr absl::Duration kLookAtBytes = absl::Seconds(1);

}  // namespace

absl::StatusOr<std::unique_ptr<OpenHunt>> OpenHunt::Load(const HuntSurroundings& around, std::string_view customer_id,
                                                         std::string_view hunt_id) {
  HOZEN_ASSIGN_OR_RETURN(const HuntRow row, around.catalog.GetHunt(customer_id, hunt_id));
  HOZEN_ASSIGN_OR_RETURN(std::vector<v1::HuntHost> hosts, around.catalog.ListHuntHosts(customer_id, hunt_id));
  v1::Plan plan;
  // Its signature was verified before it was stored, and every host verifies it again.
  if (!plan.ParseFromString(row.plan.plan().payload())) return absl::InternalError("the hunt's plan is damaged");
  return std::unique_ptr<OpenHunt>(new OpenHunt(around, customer_id, row, plan, std::move(hosts)));
}

OpenHunt::OpenHunt(const HuntSurroundings& around, std::string_view customer_id, const HuntRow& row,
                   const v1::Plan& plan, std::vector<v1::HuntHost> hosts)
    : around_(around),
      customer_id_(customer_id),
      hunt_(row.hunt),
      common_(NewAcquisition(row.plan, plan, row.hunt.operator_name())),
      plan_digest_(PlanDigest(row.plan)),
      schedule_(row.hunt.limits(), absl::FromUnixNanos(row.hunt.deadline_unix_ns()),
                absl::FromUnixNanos(row.next_start_unix_ns), hosts.size()),
      hosts_(std::move(hosts)) {
  common_.acquisition.set_hunt_id(row.hunt.hunt_id());
  for (size_t i = 0; i < hosts_.size(); ++i) {
    by_host_.emplace(hosts_[i].host_id(), i);
    by_acquisition_.emplace(hosts_[i].acquisition_id(), i);
    schedule_.SetState(i, hosts_[i].state());
    schedule_.SetSentBytes(i, hosts_[i].sent_bytes());
    schedule_.SetConnected(i, around_.fleet.IsConnected(customer_id_, hosts_[i].host_id()));
  }
}

void OpenHunt::NoteHost(std::string_view host_id) {
  const auto found = by_host_.find(std::string(host_id));
  if (found == by_host_.end()) return;
  schedule_.SetConnected(found->second, around_.fleet.IsConnected(customer_id_, host_id));
}

void OpenHunt::NoteAcquisition(std::string_view acquisition_id) {
  const auto found = by_acquisition_.find(std::string(acquisition_id));
  if (found == by_acquisition_.end()) return;
  const absl::StatusOr<v1::HuntHost> host = around_.catalog.GetHuntHost(customer_id_, acquisition_id);
  if (!host.ok()) {
    Log(Severity::kError, Concat("a hunt does not know what became of a host acquisition=", acquisition_id,
                                 " error=", StdView(host.status().message())));
    return;
  }
  schedule_.SetState(found->second, host->state());
  schedule_.SetSentBytes(found->second, host->sent_bytes());
}

HuntSchedule::Turn OpenHunt::NextTurn() {
  const absl::Time now = around_.clock.Now();
  const bool look_at_bytes = hunt_.limits().stop_after_bytes() > 0 && !schedule_.under_way().empty();
  if (look_at_bytes) {
    const std::set<size_t> under_way = schedule_.under_way();
    for (const size_t host : under_way) {
      const auto progress = around_.fleet.LiveProgress(customer_id_, hosts_[host].acquisition_id());
      if (progress.has_value()) schedule_.SetSentBytes(host, progress->sent_bytes());
    }
  }
  HuntSchedule::Turn turn = schedule_.Next(now);
  if (look_at_bytes) turn.look_again = std::min(turn.look_again, now + kLookAtBytes);
  return turn;
}

absl::Status OpenHunt::StartHost(size_t index) {
  v1::HuntHost& host = hosts_[index];
  const absl::Time now = around_.clock.Now();
  AcquisitionRow row = common_;
  SetHost(plan_digest_, host.host_id(), host.hostname(), now, row.acquisition);
  row.acquisition.set_attempt(host.attempt() + 1);
  HOZEN_ASSIGN_OR_RETURN(CustomerVault* const vault, around_.customers.Get(customer_id_));
  HOZEN_RETURN_IF_ERROR(vault->custody().Append(SubmittedEvent(plan_digest_, row.acquisition)).status());
  const absl::Time next_start = schedule_.Started(index, now);
  const absl::Status stored = around_.fleet.WhileUnchanged(customer_id_, row.acquisition.acquisition_id(), [&] {
    HuntStart start;
    start.hunt_id = hunt_.hunt_id();
    start.row = row;
    start.started_unix_ns = absl::ToUnixNanos(now);
    start.next_start_unix_ns = absl::ToUnixNanos(next_start);
    return around_.catalog.StartHuntHost(customer_id_, start);
  });
  if (!stored.ok()) {
    NoteAcquisition(host.acquisition_id());
    // A host that cannot begin must not stand before all others; it has its turn again when it connects again.
    if (!absl::IsResourceExhausted(stored) && !absl::IsUnavailable(stored)) schedule_.SetConnected(index, false);
    return stored;
  }
  host.set_attempt(row.acquisition.attempt());
  around_.fleet.Offer(customer_id_, row);
  return absl::OkStatus();
}

void OpenHunt::AddWhatTheFleetKnows(v1::HuntTally& tally) const {
  // It may be a moment behind the catalog.
  tally.set_away(std::min(static_cast<uint32_t>(schedule_.waiting_away()), tally.waiting()));
  for (const size_t host : schedule_.under_way()) {
    const auto progress = around_.fleet.LiveProgress(customer_id_, hosts_[host].acquisition_id());
    if (!progress.has_value()) continue;
    tally.set_stream_bytes(tally.stream_bytes() + progress->read_bytes());
    tally.set_sent_bytes(tally.sent_bytes() + progress->sent_bytes());
  }
}

}  // namespace hozen
