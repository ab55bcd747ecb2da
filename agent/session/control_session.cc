#include "agent/session/control_session.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "agent/platform/resource_usage.h"
#include "agent/session/enrollment.h"
#include "agent/session/identity_store.h"
#include "agent/upload/backoff.h"
#include "core/base/concat.h"
#include "core/base/log.h"
#include "core/base/printable.h"
#include "proto/hozen/v1/agent_control.grpc.pb.h"

namespace hozen {
namespace {

constexpr absl::Duration kLeastHeartbeat = absl::Seconds(1);
constexpr absl::Duration kMostHeartbeat = absl::Minutes(10);
constexpr absl::Duration kRenewalRetry = absl::Hours(1);
constexpr absl::Duration kNotice = absl::Minutes(1);  // how often the certificate's age is looked at

}  // namespace

ControlSession::ControlSession(ControlSessionOptions options, CurrentChannel& channel, const Clock& clock)
    : options_(std::move(options)), channel_(channel), clock_(clock), identity_(options_.identity) {}

ControlSession::~ControlSession() { Stop(); }

void ControlSession::Report(v1::AgentMessage message) {
  absl::MutexLock lock(&mutex_);
  reports_.Push(std::move(message));
  changed_.SignalAll();
}

void ControlSession::Start(Runner& runner) {
  thread_ = std::thread([this, &runner] { Run(runner); });
}

void ControlSession::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    if (context_ != nullptr) context_->TryCancel();
    changed_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
}

bool ControlSession::Pause(absl::Duration duration) {
  const absl::Time until = absl::Now() + duration;
  absl::MutexLock lock(&mutex_);
  while (!stopping_ && absl::Now() < until) changed_.WaitWithDeadline(&mutex_, until);
  return !stopping_;
}

void ControlSession::Run(Runner& runner) {
  Backoff backoff(options_.least_pause, options_.most_pause);
  do {
    RenewWhereDue();
    bool welcomed = false;
    const absl::Status status = Converse(runner, welcomed);
    {
      absl::MutexLock lock(&mutex_);
      if (stopping_) return;
    }
    if (welcomed) backoff.Reset();
    Log(Severity::kInfo, Concat("not connected to ", identity_.collector_address(), ": ", StdView(status.message())));
  } while (Pause(backoff.Next()));
}

std::optional<int64_t> ControlSession::clock_offset_ns() const {
  absl::MutexLock lock(&mutex_);
  return clock_offset_ns_;
}

v1::AgentMessage ControlSession::MakeHello(const Runner& runner) const {
  v1::AgentMessage message;
  v1::Hello& hello = *message.mutable_hello();
  *hello.mutable_facts() = options_.facts();
  hello.set_now_unix_ns(clock_.NowUnixNs());
  for (std::string& id : runner.Active()) hello.add_acquisition_ids(std::move(id));
  return message;
}

v1::AgentMessage ControlSession::MakeHeartbeat(const Runner& runner) const {
  v1::AgentMessage message;
  v1::Heartbeat& heartbeat = *message.mutable_heartbeat();
  const ResourceUsage usage = ReadResourceUsage();
  heartbeat.set_now_unix_ns(clock_.NowUnixNs());
  heartbeat.set_resident_bytes(usage.resident_bytes);
  heartbeat.set_cpu_ns(usage.cpu_ns);
  const absl::StatusOr<uint64_t> free_bytes = FreeBytes(options_.state_folder.string());
  if (free_bytes.ok()) heartbeat.set_state_folder_free_bytes(*free_bytes);
  for (std::string& id : runner.Active()) heartbeat.add_acquisition_ids(std::move(id));
  return message;
}

absl::Status ControlSession::Converse(Runner& runner, bool& welcomed) {
  grpc::ClientContext context;
  {
    absl::MutexLock lock(&mutex_);
    if (stopping_) return absl::CancelledError("the agent is stopping");
    context_ = &context;
    over_ = false;
    welcomed_ = false;
  }
  const auto stub = v1::AgentControl::NewStub(channel_.Get());
  const auto stream = stub->Session(&context);
  // The listener starts first: a stream that is refused at once is noticed by whoever reads it.
  std::thread listener([&] {
    v1::CollectorMessage message;
    while (stream->Read(&message)) OnMessage(message, runner);
    absl::MutexLock lock(&mutex_);
    over_ = true;
    changed_.SignalAll();
  });
  absl::Time heartbeat_due = absl::InfiniteFuture();
  bool open = stream->Write(MakeHello(runner));
  while (open) {
    std::optional<v1::AgentMessage> message = NextToSay(runner, heartbeat_due);
    if (!message.has_value()) break;
    open = stream->Write(*message);
    // It may have been lost with the link; what matters is said again when the collector offers the order again.
    if (!open && message->has_event()) Report(*std::move(message));
    RenewWhereDue();
  }
  {
    // A session that the collector ended has a reason, which cancelling would hide.
    absl::MutexLock lock(&mutex_);
    if (!over_) context.TryCancel();
  }
  listener.join();
  const grpc::Status status = stream->Finish();
  absl::MutexLock lock(&mutex_);
  context_ = nullptr;
  welcomed = welcomed_;
  if (status.ok()) return absl::UnavailableError("the collector ended the session");
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

std::optional<v1::AgentMessage> ControlSession::NextToSay(const Runner& runner, absl::Time& heartbeat_due) {
  const absl::Time welcome_due = absl::Now() + options_.welcome_timeout;
  {
    absl::MutexLock lock(&mutex_);
    while (true) {
      if (stopping_ || over_) return std::nullopt;
      const absl::Time now = absl::Now();
      if (welcomed_) {
        if (std::optional<v1::AgentMessage> report = reports_.Pop()) return report;
        heartbeat_due = std::min(heartbeat_due, now + heartbeat_interval_);
        if (now >= heartbeat_due) {
          heartbeat_due = absl::InfiniteFuture();
          break;
        }
        changed_.WaitWithDeadline(&mutex_, heartbeat_due);
      } else {
        if (now >= welcome_due) return std::nullopt;
        changed_.WaitWithDeadline(&mutex_, welcome_due);
      }
    }
  }
  return MakeHeartbeat(runner);
}

void ControlSession::OnMessage(const v1::CollectorMessage& message, Runner& runner) {
  switch (message.message_case()) {
    case v1::CollectorMessage::kWelcome: {
      absl::MutexLock lock(&mutex_);
      if (!welcomed_) Log(Severity::kInfo, Concat("connected to ", options_.identity.collector_address()));
      welcomed_ = true;
      // Whatever time a collector claims, also one that no difference can hold.
      int64_t offset_ns = 0;
      if (!__builtin_sub_overflow(clock_.NowUnixNs(), message.welcome().now_unix_ns(), &offset_ns)) {
        clock_offset_ns_ = offset_ns;
      }
      heartbeat_interval_ = std::clamp(absl::Seconds(static_cast<int64_t>(message.welcome().heartbeat_interval_s())),
                                       kLeastHeartbeat, kMostHeartbeat);
      changed_.SignalAll();
      break;
    }
    case v1::CollectorMessage::kTask: {
      const absl::Status accepted = runner.Accept(message.task());
      if (!accepted.ok()) {
        Log(Severity::kWarning, Concat("did not take up acquisition ", Printable(message.task().acquisition_id()), ": ",
                                       StdView(accepted.message())));
      }
      break;
    }
    case v1::CollectorMessage::kCancel: {
      const absl::Status cancelled = runner.Cancel(message.cancel().acquisition_id());
      if (!cancelled.ok()) Log(Severity::kInfo, Concat("cancel: ", StdView(cancelled.message())));
      break;
    }
    case v1::CollectorMessage::MESSAGE_NOT_SET:
      Log(Severity::kWarning, "the collector sent a message that this agent does not know");
      break;
  }
}

void ControlSession::RenewWhereDue() {
  const absl::Time now = clock_.Now();
  if (now < renewal_retry_) return;
  const absl::StatusOr<absl::Time> due = RenewalTime(identity_);
  renewal_retry_ = now + kNotice;
  if (due.ok() && now < *due) return;
  absl::StatusOr<v1::AgentIdentity> renewed = due.ok() ? RenewCertificate(identity_) : due.status();
  absl::Status status = renewed.status();
  if (renewed.ok()) status = SaveIdentity(options_.state_folder, *renewed);
  if (!status.ok()) {
    renewal_retry_ = now + kRenewalRetry;
    Log(Severity::kWarning, Concat("the certificate was not renewed, trying again in ",
                                   absl::FormatDuration(kRenewalRetry), ": ", StdView(status.message())));
    return;
  }
  identity_ = *std::move(renewed);
  channel_.Replace(identity_);
  Log(Severity::kInfo, "renewed the host's certificate");
}

}  // namespace hozen
