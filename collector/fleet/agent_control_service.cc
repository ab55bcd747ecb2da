#include "collector/fleet/agent_control_service.h"

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "collector/access/caller.h"
#include "collector/access/grpc_caller.h"
#include "core/base/concat.h"
#include "core/base/log.h"
#include "core/base/worker_pool.h"
#include "core/crypto/certificate.h"
#include "proto/hozen/v1/agent_control.grpc.pb.h"

namespace hozen {
namespace {

// How often every session's deadlines are looked at.
constexpr absl::Duration kPatrolInterval = absl::Seconds(5);
// A confused host is told apart from a hostile one by nothing; neither may fill our log.
constexpr int kMaxLoggedFaults = 10;

class SessionReactor;

// What every session needs; one for all.
struct Surroundings {
  const AgentControlOptions options;
  Fleet& fleet;
  Enroller& enroller;
  const Clock& clock;
  WorkerPool& pool;
  std::function<void(SessionReactor*)> on_done;
};

// One agent's stream. gRPC calls it from its threads, the pool works on its messages one after the other, and the fleet
// sends through it. It lives until gRPC says OnDone and nobody uses it any more.
class SessionReactor final : public grpc::ServerBidiReactor<v1::AgentMessage, v1::CollectorMessage>,
                             public std::enable_shared_from_this<SessionReactor> {
 public:
  SessionReactor(const Surroundings& around, grpc::CallbackServerContext* context, Caller caller,
                 absl::Time certificate_not_after)
      : around_(around),
        context_(context),
        caller_(std::move(caller)),
        certificate_not_after_(certificate_not_after),
        opened_(around.clock.Monotonic()),
        heard_(opened_) {}

  void Start() {
    absl::MutexLock lock(&mutex_);
    self_ = shared_from_this();
    StartRead(&incoming_);
  }

  // Queues; drops the agent where it lets too much pile up.
  void Send(v1::CollectorMessage message) {
    const size_t size = message.ByteSizeLong();
    absl::MutexLock lock(&mutex_);
    if (ending_) return;
    if (queued_bytes_ + size > around_.options.queue_bytes) {
      EndLocked(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "the agent does not read what it is sent"));
      return;
    }
    queued_bytes_ += size;
    queue_.push_back(std::move(message));
    if (queue_.size() == 1) WriteFrontLocked();
  }

  void End(const grpc::Status& status) {
    absl::MutexLock lock(&mutex_);
    EndLocked(status);
  }

  // Ends the session where one of its deadlines has passed.
  void Patrol() {
    const absl::Duration now = around_.clock.Monotonic();
    absl::MutexLock lock(&mutex_);
    if (!queue_.empty() && now - write_started_ > around_.options.write_timeout) {
      EndLocked(grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "the agent does not read what it is sent"));
      if (!done_) context_->TryCancel();
    } else if (!helloed_ && now - opened_ > around_.options.hello_timeout) {
      EndLocked(grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "no Hello came"));
    } else if (now - heard_ > around_.options.silence_timeout) {
      EndLocked(grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "no heartbeat came"));
    } else if (around_.clock.Now() > certificate_not_after_) {
      EndLocked(grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "the host's certificate has expired: renew it"));
    }
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      End(grpc::Status::OK);  // it has said all that it wanted to
      return;
    }
    // The next message is not read before this one was worked on: that is what bounds our memory.
    around_.pool.Submit([self = shared_from_this()] { self->Process(); });
  }

  void OnWriteDone(bool ok) override {
    absl::MutexLock lock(&mutex_);
    queued_bytes_ -= queue_.front().ByteSizeLong();
    queue_.pop_front();
    if (ending_) {
      FinishLocked();
    } else if (!ok) {
      queue_.clear();
      EndLocked(grpc::Status(grpc::StatusCode::UNAVAILABLE, "the connection broke"));
    } else if (!queue_.empty()) {
      WriteFrontLocked();
    }
  }

  void OnCancel() override { End(grpc::Status(grpc::StatusCode::CANCELLED, "the connection ended")); }

  void OnDone() override {
    std::optional<uint64_t> session;
    std::shared_ptr<SessionReactor> self;
    {
      absl::MutexLock lock(&mutex_);
      done_ = true;
      session = session_;
      self = std::move(self_);
    }
    if (session.has_value()) around_.fleet.Disconnect(caller_.customer_id, caller_.name, *session);
    around_.on_done(this);
  }

 private:
  void WriteFrontLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    write_started_ = around_.clock.Monotonic();
    StartWrite(&queue_.front());
  }

  void EndLocked(const grpc::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (ending_) return;
    ending_ = true;
    end_status_ = status;
    // The status may not overtake a message that is being written; what only waits is dropped.
    if (queue_.empty()) {
      FinishLocked();
    } else {
      while (queue_.size() > 1) {
        queued_bytes_ -= queue_.back().ByteSizeLong();
        queue_.pop_back();
      }
    }
  }

  void FinishLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (finished_) return;
    finished_ = true;
    Finish(end_status_);
  }

  // In the pool.
  void Process() {
    const absl::Status status = Handle();
    absl::MutexLock lock(&mutex_);
    heard_ = around_.clock.Monotonic();
    if (!status.ok()) EndLocked(ToGrpc(status));
    if (ending_) return;
    StartRead(&incoming_);
  }

  absl::Status Handle() {
    if (incoming_.ByteSizeLong() > around_.options.message_bytes) {
      return absl::InvalidArgumentError(
          Concat("a message of an agent is at most ", around_.options.message_bytes, " bytes long"));
    }
    if (!helloed_unlocked_) return HandleHello();
    const absl::Status status = around_.fleet.Receive(caller_.customer_id, caller_.name, incoming_);
    if (status.ok() || absl::IsInvalidArgument(status)) return status;
    if (++faults_ <= kMaxLoggedFaults) {
      Log(Severity::kWarning, Concat("message of host not used customer=", caller_.customer_id, " host=", caller_.name,
                                     " error=", status.message()));
    }
    // An event must not be lost: the agent says it again when it has connected again. The rest comes by itself.
    const bool again = incoming_.has_event() && !absl::IsNotFound(status);
    return again ? absl::UnavailableError(status.message()) : absl::OkStatus();
  }

  absl::Status HandleHello() {
    if (!incoming_.has_hello()) return absl::InvalidArgumentError("the first message of a session is Hello");
    if (absl::Status confirmed = around_.enroller.ConfirmKey(caller_); !confirmed.ok()) return confirmed;
    const std::weak_ptr<SessionReactor> weak = weak_from_this();
    const absl::StatusOr<uint64_t> session = around_.fleet.Connect(
        caller_.customer_id, caller_.name, incoming_.hello(),
        [weak](v1::CollectorMessage message) {
          if (const auto self = weak.lock()) self->Send(std::move(message));
        },
        [weak] {
          if (const auto self = weak.lock()) {
            self->End(grpc::Status(grpc::StatusCode::ABORTED, "the host has connected again"));
          }
        });
    if (!session.ok()) return session.status();
    helloed_unlocked_ = true;
    bool gone = false;
    {
      absl::MutexLock lock(&mutex_);
      helloed_ = true;
      gone = done_;
      if (!gone) session_ = *session;
    }
    if (gone) around_.fleet.Disconnect(caller_.customer_id, caller_.name, *session);
    return absl::OkStatus();
  }

  const Surroundings& around_;
  grpc::CallbackServerContext* const context_;  // gRPC's, until OnDone
  const Caller caller_;
  const absl::Time certificate_not_after_;
  const absl::Duration opened_;
  // Only gRPC's read and Process use these, one after the other.
  v1::AgentMessage incoming_;
  bool helloed_unlocked_ = false;
  int faults_ = 0;

  absl::Mutex mutex_;
  std::shared_ptr<SessionReactor> self_ ABSL_GUARDED_BY(mutex_);
  absl::Duration heard_ ABSL_GUARDED_BY(mutex_);
  absl::Duration write_started_ ABSL_GUARDED_BY(mutex_);
  bool helloed_ ABSL_GUARDED_BY(mutex_) = false;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::Status end_status_ ABSL_GUARDED_BY(mutex_);
  std::optional<uint64_t> session_ ABSL_GUARDED_BY(mutex_);
  std::deque<v1::CollectorMessage> queue_ ABSL_GUARDED_BY(mutex_);  // its front is being written
  size_t queued_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

// A session that is refused before it has begun.
class RefusedSession final : public grpc::ServerBidiReactor<v1::AgentMessage, v1::CollectorMessage> {
 public:
  explicit RefusedSession(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

class Service final : public v1::AgentControl::CallbackService, public AgentControlService {
 public:
  Service(AgentControlOptions options, Fleet& fleet, Enroller& enroller, Catalog& catalog, const Clock& clock)
      : catalog_(catalog),
        around_{options, fleet, enroller, clock, pool_, [this](SessionReactor* session) { Forget(session); }},
        pool_(options.threads),
        patrol_([this] { PatrolUntilStopped(); }) {}

  ~Service() override {
    {
      absl::MutexLock lock(&mutex_);
      stopping_ = true;
    }
    patrol_.join();
  }

  grpc::Service* service() override { return this; }

  void Drain() override {
    {
      absl::MutexLock lock(&mutex_);
      draining_ = true;
    }
    for (const auto& session : Sessions()) session->End(ComeAgain());
  }

  grpc::ServerBidiReactor<v1::AgentMessage, v1::CollectorMessage>* Session(
      grpc::CallbackServerContext* context) override {
    absl::StatusOr<Caller> caller = CallerOf(*context, catalog_, around_.clock.Now());
    if (!caller.ok()) return new RefusedSession(ToGrpc(caller.status()));
    if (const absl::Status may = Authorize(*caller, Action::kAgent); !may.ok()) return new RefusedSession(ToGrpc(may));
    const absl::StatusOr<Certificate> certificate = Certificate::FromPem(caller->certificate_pem);
    if (!certificate.ok()) return new RefusedSession(ToGrpc(certificate.status()));

    const auto session =
        std::make_shared<SessionReactor>(around_, context, *std::move(caller), certificate->not_after());
    {
      absl::MutexLock lock(&mutex_);
      if (draining_ || sessions_.size() >= around_.options.sessions) return new RefusedSession(ComeAgain());
      sessions_.emplace(session.get(), session);
    }
    session->Start();
    return session.get();
  }

 private:
  static grpc::Status ComeAgain() {
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "the collector has no time now: connect again later");
  }

  void Forget(SessionReactor* session) {
    absl::MutexLock lock(&mutex_);
    sessions_.erase(session);
  }

  std::vector<std::shared_ptr<SessionReactor>> Sessions() {
    std::vector<std::shared_ptr<SessionReactor>> alive;
    absl::MutexLock lock(&mutex_);
    for (const auto& [unused, weak] : sessions_) {
      if (auto session = weak.lock()) alive.push_back(std::move(session));
    }
    return alive;
  }

  void PatrolUntilStopped() {
    while (true) {
      {
        absl::MutexLock lock(&mutex_);
        if (mutex_.AwaitWithTimeout(absl::Condition(&stopping_), kPatrolInterval)) return;
      }
      for (const auto& session : Sessions()) session->Patrol();
    }
  }

  Catalog& catalog_;
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<SessionReactor*, std::weak_ptr<SessionReactor>> sessions_ ABSL_GUARDED_BY(mutex_);
  const Surroundings around_;
  WorkerPool pool_;  // goes before what its tasks use
  std::thread patrol_;
};

}  // namespace

std::unique_ptr<AgentControlService> AgentControlService::Create(AgentControlOptions options, Fleet& fleet,
                                                                 Enroller& enroller, Catalog& catalog,
                                                                 const Clock& clock) {
  return std::make_unique<Service>(options, fleet, enroller, catalog, clock);
}

}  // namespace hozen
