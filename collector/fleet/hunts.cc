#include "collector/fleet/hunts.h"

#include <algorithm>

#include "collector/custody/custody_log.h"
#include "collector/fleet/new_acquisition.h"
#include "core/base/concat.h"
#include "core/base/log.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/plan/plan.h"

namespace hozen {
namespace {

// After trouble with the disk: what could not be written is tried again.
constexpr absl::Duration kTryAgain = absl::Seconds(15);
constexpr absl::Duration kLongestSleep = absl::Minutes(1);

absl::Status NoSuchHunt(std::string_view hunt_id) {
  return absl::NotFoundError(
      Concat("there is no hunt ", Printable(hunt_id.substr(0, 64)), "; hozen hunt list names them"));
}

// Absent and another customer's look alike.
absl::Status HuntStatus(const absl::Status& status, std::string_view hunt_id) {
  return absl::IsNotFound(status) ? NoSuchHunt(hunt_id) : status;
}

std::string StateName(v1::Hunt::State state) { return v1::Hunt::State_Name(state); }

std::vector<std::pair<std::string, std::string>> LimitDetails(const v1::HuntLimits& limits) {
  std::vector<std::pair<std::string, std::string>> details;
  const auto add = [&details](const char* name, uint64_t value) {
    if (value > 0) details.emplace_back(name, Concat(value));
  };
  add("starts_per_hour", limits.starts_per_hour());
  add("at_once", limits.at_once());
  add("stop_after_failures", limits.stop_after_failures());
  add("stop_after_bytes", limits.stop_after_bytes());
  if (limits.count_incomplete()) details.emplace_back("count_incomplete", "true");
  return details;
}

}  // namespace

Hunts::Hunts(Customers& customers, Catalog& catalog, Fleet& fleet, const Clock& clock)
    : around_{customers, catalog, fleet, clock} {}

Hunts::~Hunts() {
  {
    absl::MutexLock lock(&news_mutex_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

void Hunts::Start() {
  thread_ = std::thread([this] { Work(); });
}

bool Hunts::IsStopping() {
  absl::MutexLock lock(&news_mutex_);
  return stopping_;
}

void Hunts::Work() {
  absl::Time look_again = RunDue();
  while (true) {
    {
      absl::MutexLock lock(&news_mutex_);
      const auto wanted = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(news_mutex_) {
        return stopping_ || poked_ || !hosts_news_.empty() || !acquisitions_news_.empty();
      };
      const absl::Duration sleep = std::clamp(look_again - around_.clock.Now(), absl::ZeroDuration(), kLongestSleep);
      news_mutex_.AwaitWithTimeout(absl::Condition(&wanted), sleep);
      if (stopping_) return;
      poked_ = false;
    }
    look_again = RunDue();
  }
}

// --- news ---

void Hunts::OnHost(std::string_view customer_id, std::string_view host_id) {
  absl::MutexLock lock(&news_mutex_);
  hosts_news_.emplace(customer_id, host_id);
}

void Hunts::OnAcquisition(std::string_view customer_id, std::string_view acquisition_id) {
  absl::MutexLock lock(&news_mutex_);
  acquisitions_news_.emplace(customer_id, acquisition_id);
}

void Hunts::ForEachOpen(const std::string& customer_id, const std::function<void(OpenHunt&)>& call) {
  for (auto it = open_.lower_bound(Key(customer_id, "")); it != open_.end() && it->first.first == customer_id; ++it) {
    call(*it->second);
  }
}

void Hunts::TakeNews() {
  std::set<Key> hosts;
  std::set<Key> acquisitions;
  {
    absl::MutexLock lock(&news_mutex_);
    hosts.swap(hosts_news_);
    acquisitions.swap(acquisitions_news_);
  }
  absl::MutexLock lock(&mutex_);
  for (const auto& [customer_id, id] : hosts) {
    ForEachOpen(customer_id, [&id = id](OpenHunt& open) { open.NoteHost(id); });
  }
  for (const auto& [customer_id, id] : acquisitions) {
    ForEachOpen(customer_id, [&id = id](OpenHunt& open) { open.NoteAcquisition(id); });
  }
}

// --- opening ---

absl::Status Hunts::Resume() {
  HOZEN_ASSIGN_OR_RETURN(const std::vector<CustomerRow> customers, around_.catalog.ListCustomers());
  absl::MutexLock lock(&mutex_);
  for (const CustomerRow& customer : customers) {
    HOZEN_ASSIGN_OR_RETURN(const std::vector<std::string> ids, around_.catalog.OpenHunts(customer.customer_id));
    for (const std::string& id : ids) {
      const Key key(customer.customer_id, id);
      HOZEN_ASSIGN_OR_RETURN(const HuntRow row, around_.catalog.GetHunt(customer.customer_id, id));
      // One that was stopped is here because not all of its hosts could be told any more.
      const absl::Status taken =
          row.hunt.state() == v1::Hunt::STATE_RUNNING ? Take(key) : CallBack(key, "collector", false).status();
      // No hunt keeps the collector from serving everything else.
      if (taken.ok()) continue;
      Log(Severity::kError, Concat("a hunt could not be taken up hunt=", id, " error=", StdView(taken.message())));
    }
  }
  return absl::OkStatus();
}

absl::Status Hunts::Take(const Key& key) {
  HOZEN_ASSIGN_OR_RETURN(open_[key], OpenHunt::Load(around_, key.first, key.second));
  absl::MutexLock lock(&news_mutex_);
  poked_ = true;
  return absl::OkStatus();
}

// --- turns ---

absl::Time Hunts::RunDue() {
  absl::Time look_again = absl::InfiniteFuture();
  TakeNews();
  std::vector<Key> keys;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [key, open] : open_) keys.push_back(key);
  }
  // One host of each hunt after the other, so that a long one keeps no other waiting.
  while (!keys.empty() && !IsStopping()) {
    std::vector<Key> again;
    for (Key& key : keys) {
      const absl::StatusOr<bool> more = TakeTurn(key, look_again);
      if (!more.ok()) {
        Log(Severity::kError,
            Concat("a hunt is held up hunt=", key.second, " error=", StdView(more.status().message())));
        look_again = std::min(look_again, around_.clock.Now() + kTryAgain);
      } else if (*more) {
        again.push_back(std::move(key));
      }
    }
    keys = std::move(again);
    // A host that has failed meanwhile may have been one too many.
    if (!keys.empty()) TakeNews();
  }
  return look_again;
}

absl::StatusOr<bool> Hunts::TakeTurn(const Key& key, absl::Time& look_again) {
  absl::MutexLock lock(&mutex_);
  const auto found = open_.find(key);
  if (found == open_.end()) return false;
  OpenHunt& open = *found->second;
  const HuntSchedule::Turn turn = open.NextTurn();
  if (turn.end.has_value()) {
    HOZEN_RETURN_IF_ERROR(End(key, open.hunt(), *turn.end, "collector"));
    return false;
  }
  look_again = std::min(look_again, turn.look_again);
  if (!turn.start.has_value()) return false;
  HOZEN_RETURN_IF_ERROR(open.StartHost(*turn.start));
  return true;
}

absl::Status Hunts::End(const Key& key, v1::Hunt hunt, const HuntSchedule::Ending& ending, std::string_view actor) {
  const bool stopped = ending.state == v1::Hunt::STATE_STOPPED || ending.state == v1::Hunt::STATE_STOPPED_BY_LIMIT;
  if (stopped) {
    std::vector<std::pair<std::string, std::string>> details = {{"hunt_id", key.second}};
    if (!ending.detail.empty()) details.emplace_back("detail", ending.detail);
    HOZEN_RETURN_IF_ERROR(Record(key.first, "hunt.stopped", actor, std::move(details)));
  }
  hunt.set_state(ending.state);
  hunt.set_detail(ending.detail);
  hunt.set_ended_unix_ns(around_.clock.NowUnixNs());
  HOZEN_RETURN_IF_ERROR(around_.catalog.UpdateHunt(key.first, hunt));
  open_.erase(key);
  return stopped ? CallBack(key, actor, false).status() : absl::OkStatus();
}

absl::StatusOr<uint32_t> Hunts::CallBack(const Key& key, std::string_view actor, bool cancel_running) {
  HOZEN_ASSIGN_OR_RETURN(const std::vector<v1::HuntHost> hosts, around_.catalog.ListHuntHosts(key.first, key.second));
  uint32_t cancelled = 0;
  for (const v1::HuntHost& host : hosts) {
    const bool offered = host.state() == v1::HuntHost::STATE_OFFERED;
    if (!offered && !(cancel_running && host.state() == v1::HuntHost::STATE_RUNNING)) continue;
    if (offered) HOZEN_RETURN_IF_ERROR(around_.catalog.WithdrawHuntHost(key.first, host.acquisition_id()));
    const absl::Status asked = around_.fleet.Cancel(key.first, actor, host.acquisition_id());
    // It has ended meanwhile.
    if (absl::IsFailedPrecondition(asked)) continue;
    HOZEN_RETURN_IF_ERROR(asked);
    if (!offered) ++cancelled;
  }
  return cancelled;
}

absl::Status Hunts::Record(std::string_view customer_id, std::string_view kind, std::string_view actor,
                           std::vector<std::pair<std::string, std::string>> details) {
  HOZEN_ASSIGN_OR_RETURN(CustomerVault* const vault, around_.customers.Get(customer_id));
  CustodyEvent event;
  event.kind = std::string(kind);
  event.actor = std::string(actor);
  event.details = std::move(details);
  return vault->custody().Append(event).status();
}

// --- operators ---

absl::StatusOr<v1::Hunt> Hunts::Begin(std::string_view customer_id, std::string_view operator_name,
                                      const v1::SignedPlan& signed_plan, const v1::Plan& plan,
                                      const v1::HuntLimits& limits, std::string_view selection) {
  const Key key(customer_id, plan.plan_id());
  const Digest digest = PlanDigest(signed_plan);
  std::vector<HuntMember> members;
  members.reserve(static_cast<size_t>(plan.host_ids_size()));
  for (const std::string& host_id : plan.host_ids()) {
    const absl::StatusOr<HostRow> host = around_.catalog.GetHost(customer_id, host_id);
    if (absl::IsNotFound(host.status())) {
      return absl::NotFoundError(Concat("there is no host ", Printable(host_id), ": `hozen hosts` lists them"));
    }
    HOZEN_RETURN_IF_ERROR(host.status());
    members.push_back({.host_id = host_id,
                       .hostname = host->host.facts().hostname(),
                       .acquisition_id = AcquisitionId(digest, host_id)});
  }
  HuntRow row;
  row.plan = signed_plan;
  const absl::Time now = around_.clock.Now();
  row.next_start_unix_ns = absl::ToUnixNanos(now);
  row.hunt.set_hunt_id(plan.plan_id());
  row.hunt.set_operator_name(std::string(operator_name));
  row.hunt.set_reason(plan.reason());
  row.hunt.set_summary(NewAcquisition(signed_plan, plan, operator_name).acquisition.summary());
  row.hunt.set_selection(Printable(selection));
  row.hunt.set_state(v1::Hunt::STATE_RUNNING);
  row.hunt.set_created_unix_ns(absl::ToUnixNanos(now));
  row.hunt.set_deadline_unix_ns(plan.limits().deadline_unix_ns());
  *row.hunt.mutable_limits() = limits;

  const absl::Status there = around_.catalog.GetHunt(customer_id, plan.plan_id()).status();
  if (there.ok()) return absl::AlreadyExistsError(Concat("plan ", plan.plan_id(), " was submitted before"));
  if (!absl::IsNotFound(there)) return there;
  std::vector<std::pair<std::string, std::string>> details = LimitDetails(limits);
  details.emplace_back("hunt_id", plan.plan_id());
  details.emplace_back("plan_sha256", digest.ToHex());
  details.emplace_back("hosts", Concat(members.size()));
  details.emplace_back("selection", std::string(selection));
  HOZEN_RETURN_IF_ERROR(Record(customer_id, "hunt.started", Concat("operator:", operator_name), std::move(details)));
  {
    absl::MutexLock lock(&mutex_);
    HOZEN_RETURN_IF_ERROR(around_.catalog.AddHunt(customer_id, row, members));
    HOZEN_RETURN_IF_ERROR(Take(key));
  }
  return Current(customer_id, plan.plan_id());
}

absl::StatusOr<v1::RetryHuntResponse> Hunts::Retry(std::string_view customer_id, std::string_view operator_name,
                                                   std::string_view hunt_id) {
  const Key key(customer_id, hunt_id);
  v1::RetryHuntResponse response;
  {
    absl::MutexLock lock(&mutex_);
    const absl::StatusOr<HuntRow> row = around_.catalog.GetHunt(customer_id, hunt_id);
    HOZEN_RETURN_IF_ERROR(HuntStatus(row.status(), hunt_id));
    if (around_.clock.NowUnixNs() >= row->hunt.deadline_unix_ns()) {
      return absl::FailedPreconditionError(
          "the deadline of the hunt's plan has passed, and no host would take it any more: start another hunt");
    }
    const v1::HuntTally& tally = row->hunt.tally();
    const uint32_t hosts = tally.failed() + tally.expired() + tally.stopped();
    if (hosts == 0) return absl::FailedPreconditionError("none of the hunt's hosts has failed or been stopped");
    HOZEN_RETURN_IF_ERROR(Record(customer_id, "hunt.retried", Concat("operator:", operator_name),
                                 {{"hunt_id", std::string(hunt_id)}, {"hosts", Concat(hosts)}}));
    HOZEN_ASSIGN_OR_RETURN(const uint32_t again, around_.catalog.RetryHunt(customer_id, hunt_id));
    response.set_hosts(again);
    HOZEN_RETURN_IF_ERROR(Take(key));
  }
  HOZEN_ASSIGN_OR_RETURN(*response.mutable_hunt(), Current(customer_id, hunt_id));
  return response;
}

absl::StatusOr<v1::StopHuntResponse> Hunts::Stop(std::string_view customer_id, std::string_view operator_name,
                                                 std::string_view hunt_id, bool cancel_running) {
  const Key key(customer_id, hunt_id);
  const std::string actor = Concat("operator:", operator_name);
  v1::StopHuntResponse response;
  {
    absl::MutexLock lock(&mutex_);
    const absl::StatusOr<HuntRow> row = around_.catalog.GetHunt(customer_id, hunt_id);
    HOZEN_RETURN_IF_ERROR(HuntStatus(row.status(), hunt_id));
    const bool running = row->hunt.state() == v1::Hunt::STATE_RUNNING;
    if (!running && !cancel_running && row->hunt.tally().offered() == 0) {
      return absl::FailedPreconditionError(Concat("the hunt has ended already (", StateName(row->hunt.state()), ")"));
    }
    if (running) HOZEN_RETURN_IF_ERROR(End(key, row->hunt, {v1::Hunt::STATE_STOPPED, ""}, actor));
    HOZEN_ASSIGN_OR_RETURN(const uint32_t cancelled, CallBack(key, actor, cancel_running));
    response.set_cancelled(cancelled);
  }
  HOZEN_ASSIGN_OR_RETURN(*response.mutable_hunt(), Current(customer_id, hunt_id));
  return response;
}

// --- looking ---

void Hunts::AddWhatTheFleetKnows(std::string_view customer_id, v1::Hunt& hunt) {
  absl::MutexLock lock(&mutex_);
  const auto found = open_.find(Key(customer_id, hunt.hunt_id()));
  if (found != open_.end()) found->second->AddWhatTheFleetKnows(*hunt.mutable_tally());
}

absl::StatusOr<v1::Hunt> Hunts::Current(std::string_view customer_id, std::string_view hunt_id) {
  absl::StatusOr<HuntRow> row = around_.catalog.GetHunt(customer_id, hunt_id);
  HOZEN_RETURN_IF_ERROR(HuntStatus(row.status(), hunt_id));
  AddWhatTheFleetKnows(customer_id, row->hunt);
  return std::move(row->hunt);
}

absl::StatusOr<std::vector<v1::Hunt>> Hunts::List(std::string_view customer_id, uint32_t most) {
  HOZEN_ASSIGN_OR_RETURN(std::vector<v1::Hunt> hunts, around_.catalog.ListHunts(customer_id, most));
  for (v1::Hunt& hunt : hunts) AddWhatTheFleetKnows(customer_id, hunt);
  return hunts;
}

absl::StatusOr<std::vector<v1::HuntHost>> Hunts::Hosts(std::string_view customer_id, std::string_view hunt_id) {
  HOZEN_RETURN_IF_ERROR(HuntStatus(around_.catalog.GetHunt(customer_id, hunt_id).status(), hunt_id));
  HOZEN_ASSIGN_OR_RETURN(std::vector<v1::HuntHost> hosts, around_.catalog.ListHuntHosts(customer_id, hunt_id));
  for (v1::HuntHost& host : hosts) {
    host.set_connected(around_.fleet.IsConnected(customer_id, host.host_id()));
    if (host.state() != v1::HuntHost::STATE_RUNNING) continue;
    const auto progress = around_.fleet.LiveProgress(customer_id, host.acquisition_id());
    if (!progress.has_value()) continue;
    *host.mutable_progress() = *progress;
    host.set_stream_bytes(progress->read_bytes());
    host.set_sent_bytes(progress->sent_bytes());
  }
  return hosts;
}

}  // namespace hozen
