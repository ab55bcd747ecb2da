#include "collector/fleet/fleet.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "absl/hash/hash.h"
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

// How stale the catalog may be about a host that is connected: a write for every heartbeat of every host would cost a
// sync each.
constexpr absl::Duration kSaveInterval = absl::Seconds(60);
constexpr size_t kMaxPathSizeBytes = 4096;
constexpr size_t kMaxDetailSizeBytes = 1024;
constexpr int kMaxHelloAcquisitions = 256;
// A list of hosts holds the facts of all of them.
constexpr size_t kMaxFactsSizeBytes = 64 << 10;
// A host that restarts in a loop must not fill the custody log.
constexpr uint32_t kMaxRecordedResumptions = 1000;

// Of what a host wrote, so much as we are ready to keep.
std::string Bounded(std::string_view text) { return Printable(text.substr(0, kMaxDetailSizeBytes)); }

// How far the host's clock is ahead; a host may claim any time, also one that no difference can hold.
int64_t ClockOffsetNs(int64_t host_unix_ns, int64_t now_unix_ns) {
  int64_t offset_ns = 0;
  if (!__builtin_sub_overflow(host_unix_ns, now_unix_ns, &offset_ns)) return offset_ns;
  return host_unix_ns < now_unix_ns ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
}

absl::Status NoSuchAcquisition(std::string_view acquisition_id) {
  return absl::NotFoundError(Concat("there is no acquisition ", Bounded(acquisition_id)));
}

absl::Status SubmittedBefore(const v1::Plan& plan) {
  return absl::AlreadyExistsError(Concat("plan ", Bounded(plan.plan_id()), " was submitted before"));
}

v1::CollectorMessage TaskOf(const AcquisitionRow& row) {
  v1::CollectorMessage message;
  message.mutable_task()->set_acquisition_id(row.acquisition.acquisition_id());
  message.mutable_task()->set_attempt(row.acquisition.attempt());
  *message.mutable_task()->mutable_plan() = row.plan;
  return message;
}

v1::CollectorMessage CancelOf(std::string_view acquisition_id) {
  v1::CollectorMessage message;
  message.mutable_cancel()->set_acquisition_id(std::string(acquisition_id));
  return message;
}

// Cancelled while nobody knew whether the host had it; the host may still say that it did.
bool IsCancelledUnseen(const v1::Acquisition& acquisition) {
  return acquisition.state() == v1::Acquisition::STATE_FAILED && acquisition.cancel_requested() &&
         acquisition.started_unix_ns() == 0;
}

bool IsBeforeRunning(const v1::Acquisition& acquisition) {
  return acquisition.state() == v1::Acquisition::STATE_WAITING ||
         acquisition.state() == v1::Acquisition::STATE_EXPIRED || IsCancelledUnseen(acquisition);
}

bool IsOverdue(const v1::Acquisition& acquisition, int64_t now_unix_ns) {
  return acquisition.state() == v1::Acquisition::STATE_WAITING && acquisition.deadline_unix_ns() != 0 &&
         now_unix_ns > acquisition.deadline_unix_ns();
}

}  // namespace

Fleet::Fleet(Customers& customers, Catalog& catalog, const Clock& clock)
    : customers_(customers), catalog_(catalog), clock_(clock) {}

Fleet::Key Fleet::MakeKey(std::string_view customer_id, std::string_view id) {
  return Key(std::string(customer_id), std::string(id));
}

absl::Mutex& Fleet::RowMutex(const Key& key) { return row_mutexes_[absl::HashOf(key) % row_mutexes_.size()]; }

bool Fleet::HasEnded(v1::Acquisition::State state) {
  switch (state) {
    case v1::Acquisition::STATE_COMPLETE:
    case v1::Acquisition::STATE_COMPLETE_WITH_FAILURES:
    case v1::Acquisition::STATE_REFUSED:
    case v1::Acquisition::STATE_FAILED:
    case v1::Acquisition::STATE_EXPIRED:
      return true;
    default:
      return false;
  }
}

// --- rows ---

absl::StatusOr<AcquisitionRow> Fleet::ChangeAcquisition(const Key& key, const Change& change) {
  AcquisitionRow row;
  {
    absl::MutexLock lock(&RowMutex(key));
    HOZEN_ASSIGN_OR_RETURN(row, catalog_.GetAcquisition(key.first, key.second));
    HOZEN_ASSIGN_OR_RETURN(const bool changed, change(row));
    if (!changed) return row;
    HOZEN_RETURN_IF_ERROR(catalog_.UpdateAcquisition(key.first, row.acquisition));
  }
  Bump(key);
  return row;
}

absl::StatusOr<AcquisitionRow> Fleet::ChangeForHost(const Key& key, std::string_view host_id, const Change& change) {
  absl::StatusOr<AcquisitionRow> row = ChangeAcquisition(key, [&](AcquisitionRow& found) -> absl::StatusOr<bool> {
    if (found.acquisition.host_id() != host_id) return NoSuchAcquisition(key.second);
    return change(found);
  });
  // Absent and another host's must look alike.
  if (absl::IsNotFound(row.status())) return NoSuchAcquisition(key.second);
  return row;
}

absl::Status Fleet::WhileUnchanged(std::string_view customer_id, std::string_view acquisition_id,
                                   const std::function<absl::Status()>& action) {
  absl::MutexLock lock(&RowMutex(MakeKey(customer_id, acquisition_id)));
  return action();
}

absl::Status Fleet::ChangeHost(std::string_view customer_id, std::string_view host_id,
                               const std::function<absl::Status(HostRow&)>& change) {
  absl::MutexLock lock(&RowMutex(MakeKey(customer_id, host_id)));
  HOZEN_ASSIGN_OR_RETURN(HostRow row, catalog_.GetHost(customer_id, host_id));
  HOZEN_RETURN_IF_ERROR(change(row));
  return catalog_.UpdateHost(customer_id, row);
}

void Fleet::Bump(const Key& key) {
  {
    absl::MutexLock lock(&mutex_);
    ++live_[key].version;
  }
  if (watcher_ != nullptr) watcher_->OnAcquisition(key.first, key.second);
}

absl::StatusOr<AcquisitionRow> Fleet::ExpireIfOverdue(const Key& key, AcquisitionRow row) {
  if (!IsOverdue(row.acquisition, clock_.NowUnixNs())) return row;
  return ChangeAcquisition(key, [&](AcquisitionRow& found) -> absl::StatusOr<bool> {
    if (!IsOverdue(found.acquisition, clock_.NowUnixNs())) return false;
    found.acquisition.set_state(v1::Acquisition::STATE_EXPIRED);
    found.acquisition.set_detail("the plan's deadline passed before the host took it up");
    found.acquisition.set_finished_unix_ns(clock_.NowUnixNs());
    return true;
  });
}

absl::Status Fleet::Record(const Key& host, std::string_view kind, const AcquisitionRow& row, std::string_view detail) {
  HOZEN_ASSIGN_OR_RETURN(CustomerVault* const vault, customers_.Get(host.first));
  CustodyEvent event;
  event.kind = std::string(kind);
  event.actor = Concat("host:", host.second);
  event.acquisition_id = row.acquisition.acquisition_id();
  event.host_id = host.second;
  if (!detail.empty()) event.details.emplace_back("detail", std::string(detail));
  return vault->custody().Append(event).status();
}

// --- sessions ---

absl::StatusOr<uint64_t> Fleet::Connect(std::string_view customer_id, std::string_view host_id, const v1::Hello& hello,
                                        Send send, std::function<void()> on_replaced) {
  if (hello.facts().ByteSizeLong() > kMaxFactsSizeBytes) {
    return absl::InvalidArgumentError(Concat("the host's facts are longer than ", kMaxFactsSizeBytes, " bytes"));
  }
  const Key host = MakeKey(customer_id, host_id);
  const int64_t now = clock_.NowUnixNs();
  HOZEN_RETURN_IF_ERROR(ChangeHost(customer_id, host_id, [&](HostRow& row) {
    *row.host.mutable_facts() = hello.facts();
    row.host.set_seen_unix_ns(now);
    row.host.set_clock_offset_ns(ClockOffsetNs(hello.now_unix_ns(), now));
    return absl::OkStatus();
  }));

  v1::CollectorMessage welcome;
  welcome.mutable_welcome()->set_now_unix_ns(now);
  welcome.mutable_welcome()->set_heartbeat_interval_s(static_cast<uint32_t>(absl::ToInt64Seconds(heartbeat_interval_)));
  send(std::move(welcome));

  // Registered before the open acquisitions are read, so that a plan submitted meanwhile is sent twice rather than not
  // at all; agents know an acquisition by its id.
  std::function<void()> replaced;
  uint64_t number = 0;
  {
    absl::MutexLock lock(&mutex_);
    number = next_session_++;
    Session& session = sessions_[host];
    replaced = std::move(session.on_replaced);
    session = Session{number, send, std::move(on_replaced), clock_.Now()};
  }
  if (replaced) replaced();
  if (watcher_ != nullptr) watcher_->OnHost(customer_id, host_id);

  absl::StatusOr<std::vector<AcquisitionRow>> open = catalog_.OpenAcquisitions(customer_id, host_id);
  if (!open.ok()) {
    Disconnect(customer_id, host_id, number);
    return WithContext(open.status(), "reading the host's open acquisitions");
  }
  SendTasks(host, hello, *open, send);
  return number;
}

void Fleet::SendTasks(const Key& host, const v1::Hello& hello, const std::vector<AcquisitionRow>& open,
                      const Send& send) {
  std::set<std::string> under_way;
  for (const std::string& id : hello.acquisition_ids()) {
    if (under_way.size() >= kMaxHelloAcquisitions) break;
    under_way.insert(id);
    // What the host has under way it took up, whatever became of its message that said so.
    const absl::StatusOr<AcquisitionRow> row =
        ChangeForHost(MakeKey(host.first, id), host.second, [&](AcquisitionRow& found) { return TakeUp(host, found); });
    if (!row.ok()) {
      Log(Severity::kWarning, Concat("host names an acquisition that is not known host=", host.second,
                                     " acquisition=", Bounded(id), " error=", row.status().message()));
    } else if (row->acquisition.cancel_requested() && !HasEnded(row->acquisition.state())) {
      send(CancelOf(id));
    }
  }
  for (const AcquisitionRow& row : open) {
    const std::string& id = row.acquisition.acquisition_id();
    if (under_way.contains(id)) continue;
    const absl::StatusOr<AcquisitionRow> now = ExpireIfOverdue(MakeKey(host.first, id), row);
    if (!now.ok()) {
      Log(Severity::kError, Concat("acquisition not sent acquisition=", id, " error=", now.status().message()));
      continue;
    }
    if (HasEnded(now->acquisition.state())) continue;
    send(TaskOf(*now));
    if (now->acquisition.cancel_requested()) send(CancelOf(id));
  }
}

void Fleet::Disconnect(std::string_view customer_id, std::string_view host_id, uint64_t session) {
  {
    absl::MutexLock lock(&mutex_);
    const auto found = sessions_.find(MakeKey(customer_id, host_id));
    if (found == sessions_.end() || found->second.number != session) return;
    sessions_.erase(found);
  }
  if (watcher_ != nullptr) watcher_->OnHost(customer_id, host_id);
}

bool Fleet::IsConnected(std::string_view customer_id, std::string_view host_id) const {
  absl::MutexLock lock(&mutex_);
  return sessions_.contains(MakeKey(customer_id, host_id));
}

bool Fleet::SendTo(const Key& host, v1::CollectorMessage message) {
  Send send;
  {
    absl::MutexLock lock(&mutex_);
    const auto found = sessions_.find(host);
    if (found == sessions_.end()) return false;
    send = found->second.send;
  }
  send(std::move(message));
  return true;
}

absl::Status Fleet::Receive(std::string_view customer_id, std::string_view host_id, const v1::AgentMessage& message) {
  const Key host = MakeKey(customer_id, host_id);
  switch (message.message_case()) {
    case v1::AgentMessage::kHeartbeat:
      return OnHeartbeat(host, message.heartbeat());
    case v1::AgentMessage::kProgress:
      return OnProgress(host, message.progress());
    case v1::AgentMessage::kEvent:
      return OnEvent(host, message.event());
    case v1::AgentMessage::kHello:
      return absl::InvalidArgumentError("Hello is the first message of a session, and came again");
    case v1::AgentMessage::MESSAGE_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError("a message of a kind that this collector does not know");
}

absl::Status Fleet::OnHeartbeat(const Key& host, const v1::Heartbeat& heartbeat) {
  const absl::Time now = clock_.Now();
  {
    absl::MutexLock lock(&mutex_);
    const auto found = sessions_.find(host);
    if (found != sessions_.end()) {
      if (now - found->second.saved_at < kSaveInterval) return absl::OkStatus();
      found->second.saved_at = now;
    }
  }
  return ChangeHost(host.first, host.second, [&](HostRow& row) {
    *row.host.mutable_health() = heartbeat;
    row.host.mutable_health()->clear_acquisition_ids();
    row.host.mutable_health()->DiscardUnknownFields();  // they have no bound
    row.host.set_seen_unix_ns(absl::ToUnixNanos(now));
    row.host.set_clock_offset_ns(ClockOffsetNs(heartbeat.now_unix_ns(), absl::ToUnixNanos(now)));
    return absl::OkStatus();
  });
}

absl::Status Fleet::OnProgress(const Key& host, const v1::Progress& progress) {
  const Key key = MakeKey(host.first, progress.acquisition_id());
  bool known = false;
  {
    absl::MutexLock lock(&mutex_);
    const auto found = live_.find(key);
    known = found != live_.end() && found->second.host_id == host.second;
  }
  if (!known) {
    const absl::StatusOr<AcquisitionRow> row = catalog_.GetAcquisition(key.first, key.second);
    if (!row.ok() && !absl::IsNotFound(row.status())) return row.status();
    if (!row.ok() || row->acquisition.host_id() != host.second) return NoSuchAcquisition(key.second);
  }
  absl::MutexLock lock(&mutex_);
  Live& live = live_[key];
  live.host_id = host.second;
  live.progress = progress;
  live.progress->DiscardUnknownFields();  // they have no bound
  if (progress.current_path().size() > kMaxPathSizeBytes) {
    live.progress->mutable_current_path()->resize(kMaxPathSizeBytes);
  }
  ++live.version;
  return absl::OkStatus();
}

// The host has it: from waiting to running, once.
absl::StatusOr<bool> Fleet::TakeUp(const Key& host, AcquisitionRow& row) {
  if (!IsBeforeRunning(row.acquisition)) return false;
  HOZEN_RETURN_IF_ERROR(Record(host, "acquisition.accepted", row, ""));
  row.acquisition.set_state(v1::Acquisition::STATE_RUNNING);
  row.acquisition.clear_detail();
  row.acquisition.clear_finished_unix_ns();
  row.acquisition.set_started_unix_ns(clock_.NowUnixNs());
  return true;
}

absl::Status Fleet::OnEvent(const Key& host, const v1::AcquisitionEvent& event) {
  const Key key = MakeKey(host.first, event.acquisition_id());
  HOZEN_ASSIGN_OR_RETURN(const AcquisitionRow row, ChangeForHost(key, host.second, [&](AcquisitionRow& found) {
                           return ApplyEvent(host, event, found);
                         }));
  // It may have been cancelled while the host could not hear it.
  if (row.acquisition.cancel_requested() && !HasEnded(row.acquisition.state()) &&
      event.kind() != v1::AcquisitionEvent::KIND_COMMITTED) {
    SendTo(host, CancelOf(key.second));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> Fleet::ApplyEvent(const Key& host, const v1::AcquisitionEvent& event, AcquisitionRow& row) {
  v1::Acquisition& acquisition = row.acquisition;
  const bool open = IsBeforeRunning(acquisition) || acquisition.state() == v1::Acquisition::STATE_RUNNING;
  // Custody first: at worst it has an entry for what did not take effect, never the other way round.
  switch (event.kind()) {
    case v1::AcquisitionEvent::KIND_ACCEPTED:
      return TakeUp(host, row);
    case v1::AcquisitionEvent::KIND_REFUSED:
    case v1::AcquisitionEvent::KIND_FAILED: {
      // Of an attempt before the one that is under way it says nothing new.
      if (!open || (event.attempt() != 0 && event.attempt() < acquisition.attempt())) return false;
      const bool refused = event.kind() == v1::AcquisitionEvent::KIND_REFUSED;
      const std::string detail = Bounded(event.detail());
      HOZEN_RETURN_IF_ERROR(Record(host, refused ? "acquisition.refused" : "acquisition.failed", row, detail));
      acquisition.set_state(refused ? v1::Acquisition::STATE_REFUSED : v1::Acquisition::STATE_FAILED);
      acquisition.set_detail(detail);
      acquisition.set_finished_unix_ns(clock_.NowUnixNs());
      // So that nobody takes it for one that was cancelled unseen.
      if (acquisition.started_unix_ns() == 0) acquisition.set_started_unix_ns(clock_.NowUnixNs());
      return true;
    }
    case v1::AcquisitionEvent::KIND_RESUMED: {
      if (!open) return false;
      HOZEN_ASSIGN_OR_RETURN(const bool taken_up, TakeUp(host, row));
      bool record = false;
      {
        absl::MutexLock lock(&mutex_);
        record = ++live_[MakeKey(host.first, acquisition.acquisition_id())].resumptions <= kMaxRecordedResumptions;
      }
      if (record) HOZEN_RETURN_IF_ERROR(Record(host, "acquisition.resumed", row, Bounded(event.detail())));
      return taken_up;
    }
    case v1::AcquisitionEvent::KIND_COMMITTED:
      return false;  // ingest knows it first
    default:
      return absl::InvalidArgumentError("an event of a kind that this collector does not know");
  }
}

// --- ingest ---

absl::Status Fleet::CheckUpload(std::string_view customer_id, std::string_view host_id,
                                std::string_view acquisition_id) {
  const Key host = MakeKey(customer_id, host_id);
  // Whoever uploads has it under way, even where the session that says so is broken.
  HOZEN_ASSIGN_OR_RETURN(const AcquisitionRow row,
                         ChangeForHost(MakeKey(customer_id, acquisition_id), host_id,
                                       [&](AcquisitionRow& found) { return TakeUp(host, found); }));
  if (HasEnded(row.acquisition.state())) {
    return absl::NotFoundError(Concat("acquisition ", Bounded(acquisition_id), " has ended (",
                                      v1::Acquisition::State_Name(row.acquisition.state()),
                                      "): nothing more can be sent for it"));
  }
  return absl::OkStatus();
}

absl::Status Fleet::CheckOwner(std::string_view customer_id, std::string_view host_id,
                               std::string_view acquisition_id) {
  const absl::StatusOr<AcquisitionRow> row = catalog_.GetAcquisition(customer_id, acquisition_id);
  if (!row.ok() && !absl::IsNotFound(row.status())) return row.status();
  if (!row.ok() || row->acquisition.host_id() != host_id) return NoSuchAcquisition(acquisition_id);
  return absl::OkStatus();
}

void Fleet::Committed(std::string_view customer_id, std::string_view acquisition_id) {
  const Key key = MakeKey(customer_id, acquisition_id);
  {
    absl::MutexLock lock(&mutex_);
    live_[key].progress.reset();  // the row has the last one
  }
  Bump(key);
}

// --- responders ---

absl::StatusOr<std::vector<v1::Acquisition>> Fleet::Submit(std::string_view customer_id, std::string_view operator_name,
                                                           const v1::SignedPlan& signed_plan, const v1::Plan& plan) {
  HOZEN_ASSIGN_OR_RETURN(CustomerVault* const vault, customers_.Get(customer_id));
  const Digest digest = PlanDigest(signed_plan);
  const AcquisitionRow common = NewAcquisition(signed_plan, plan, operator_name);
  const absl::Time now = clock_.Now();
  const absl::Status hunt = catalog_.GetHunt(customer_id, plan.plan_id()).status();
  if (hunt.ok()) return SubmittedBefore(plan);
  if (!absl::IsNotFound(hunt)) return hunt;
  std::vector<AcquisitionRow> rows;
  std::set<std::string> host_ids;
  for (const std::string& host_id : plan.host_ids()) {
    if (!host_ids.insert(host_id).second) continue;
    const absl::StatusOr<HostRow> host = catalog_.GetHost(customer_id, host_id);
    if (absl::IsNotFound(host.status())) {
      return absl::NotFoundError(Concat("there is no host ", Bounded(host_id), ": `hozen hosts` lists them"));
    }
    if (!host.ok()) return host.status();
    AcquisitionRow row = common;
    SetHost(digest, host_id, host->host.facts().hostname(), now, row.acquisition);
    const absl::Status there = catalog_.GetAcquisition(customer_id, row.acquisition.acquisition_id()).status();
    if (there.ok()) return SubmittedBefore(plan);
    if (!absl::IsNotFound(there)) return there;
    rows.push_back(std::move(row));
  }

  for (const AcquisitionRow& row : rows) {
    HOZEN_RETURN_IF_ERROR(vault->custody().Append(SubmittedEvent(digest, row.acquisition)).status());
  }
  HOZEN_RETURN_IF_ERROR(catalog_.AddAcquisitions(customer_id, rows));

  std::vector<v1::Acquisition> acquisitions;
  for (AcquisitionRow& row : rows) {
    SendTo(MakeKey(customer_id, row.acquisition.host_id()), TaskOf(row));
    acquisitions.push_back(std::move(row.acquisition));
  }
  return acquisitions;
}

void Fleet::Offer(std::string_view customer_id, const AcquisitionRow& row) {
  {
    absl::MutexLock lock(&mutex_);
    live_[MakeKey(customer_id, row.acquisition.acquisition_id())].progress.reset();  // of an attempt before
  }
  Bump(MakeKey(customer_id, row.acquisition.acquisition_id()));
  SendTo(MakeKey(customer_id, row.acquisition.host_id()), TaskOf(row));
}

std::optional<v1::Progress> Fleet::LiveProgress(std::string_view customer_id, std::string_view acquisition_id) const {
  absl::MutexLock lock(&mutex_);
  const auto live = live_.find(MakeKey(customer_id, acquisition_id));
  return live == live_.end() ? std::nullopt : live->second.progress;
}

absl::Status Fleet::Cancel(std::string_view customer_id, std::string_view actor, std::string_view acquisition_id) {
  HOZEN_ASSIGN_OR_RETURN(CustomerVault* const vault, customers_.Get(customer_id));
  const Key key = MakeKey(customer_id, acquisition_id);
  absl::StatusOr<AcquisitionRow> row = ChangeAcquisition(key, [&](AcquisitionRow& found) -> absl::StatusOr<bool> {
    v1::Acquisition& acquisition = found.acquisition;
    if (HasEnded(acquisition.state())) {
      return absl::FailedPreconditionError(Concat("acquisition ", key.second, " has ended already (",
                                                  v1::Acquisition::State_Name(acquisition.state()), ")"));
    }
    if (acquisition.cancel_requested()) return false;
    CustodyEvent event;
    event.kind = "acquisition.cancel-requested";
    event.actor = std::string(actor);
    event.acquisition_id = key.second;
    event.host_id = acquisition.host_id();
    HOZEN_RETURN_IF_ERROR(vault->custody().Append(event).status());
    acquisition.set_cancel_requested(true);
    if (acquisition.state() == v1::Acquisition::STATE_WAITING && !IsConnected(customer_id, acquisition.host_id())) {
      acquisition.set_state(v1::Acquisition::STATE_FAILED);
      acquisition.set_detail("cancelled before the host took it up");
      acquisition.set_finished_unix_ns(clock_.NowUnixNs());
    }
    return true;
  });
  if (absl::IsNotFound(row.status())) return NoSuchAcquisition(acquisition_id);
  if (!row.ok()) return row.status();
  if (!HasEnded(row->acquisition.state())) {
    SendTo(MakeKey(customer_id, row->acquisition.host_id()), CancelOf(acquisition_id));
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::Acquisition> Fleet::Current(std::string_view customer_id, std::string_view acquisition_id) {
  const Key key = MakeKey(customer_id, acquisition_id);
  absl::StatusOr<AcquisitionRow> row = catalog_.GetAcquisition(customer_id, acquisition_id);
  if (absl::IsNotFound(row.status())) return NoSuchAcquisition(acquisition_id);
  if (!row.ok()) return row.status();
  HOZEN_ASSIGN_OR_RETURN(AcquisitionRow now, ExpireIfOverdue(key, *std::move(row)));
  if (!HasEnded(now.acquisition.state())) {
    absl::MutexLock lock(&mutex_);
    const auto live = live_.find(key);
    if (live != live_.end() && live->second.progress.has_value()) {
      *now.acquisition.mutable_progress() = *live->second.progress;
    }
  }
  return std::move(now.acquisition);
}

absl::StatusOr<std::pair<v1::Acquisition, uint64_t>> Fleet::Watch(std::string_view customer_id,
                                                                  std::string_view acquisition_id,
                                                                  uint64_t seen_version, absl::Duration timeout) {
  // Nothing is remembered of what does not exist.
  HOZEN_RETURN_IF_ERROR(Current(customer_id, acquisition_id).status());
  const Key key = MakeKey(customer_id, acquisition_id);
  uint64_t version = 0;
  {
    absl::MutexLock lock(&mutex_);
    const Live& live = live_[key];  // references into a map stay
    const auto changed = [&live, seen_version] { return live.version > seen_version; };
    mutex_.AwaitWithTimeout(absl::Condition(&changed), timeout);
    version = live.version;
  }
  // Read after the version: what changes in between shows again at the next call, and is never missed.
  HOZEN_ASSIGN_OR_RETURN(v1::Acquisition acquisition, Current(customer_id, acquisition_id));
  return std::make_pair(std::move(acquisition), version);
}

}  // namespace hozen
