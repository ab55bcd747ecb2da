// The agent's side of AgentControl.Session: connects for ever, says who it is and how it fares, and hands orders to the
// runner.
#ifndef HOZEN_AGENT_SESSION_CONTROL_SESSION_H_
#define HOZEN_AGENT_SESSION_CONTROL_SESSION_H_

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "agent/run/runner.h"
#include "agent/session/channel.h"
#include "agent/session/report_queue.h"
#include "core/base/clock.h"
#include "proto/hozen/v1/agent_control.pb.h"
#include "proto/hozen/v1/agent_state.pb.h"

namespace grpc {
class ClientContext;
}

namespace hozen {

struct ControlSessionOptions {
  std::filesystem::path state_folder;  // where a renewed identity is kept
  v1::AgentIdentity identity;
  std::function<v1::HostFacts()> facts;
  absl::Duration least_pause = absl::Seconds(1);
  absl::Duration most_pause = absl::Minutes(2);
  absl::Duration welcome_timeout = absl::Minutes(1);
};

// Thread-safe.
class ControlSession {
 public:
  // `channel` and `clock` must outlive it.
  ControlSession(ControlSessionOptions options, CurrentChannel& channel, const Clock& clock);
  ~ControlSession();  // Stop

  // Queues a message for the collector; does not block. May be called before Start.
  void Report(v1::AgentMessage message);

  // This host's clock minus the collector's, as the last Welcome told it; none before the first.
  std::optional<int64_t> clock_offset_ns() const;

  // `runner` must outlive the next Stop.
  void Start(Runner& runner);
  void Stop();

 private:
  void Run(Runner& runner);
  // One connection, from Hello to its end. Sets `welcomed` where the collector took us.
  absl::Status Converse(Runner& runner, bool& welcomed);
  void OnMessage(const v1::CollectorMessage& message, Runner& runner);
  v1::AgentMessage MakeHello(const Runner& runner) const;
  v1::AgentMessage MakeHeartbeat(const Runner& runner) const;
  // The next thing to say; nullopt where the conversation is over.
  std::optional<v1::AgentMessage> NextToSay(const Runner& runner, absl::Time& heartbeat_due);
  void RenewWhereDue();
  // False when stopping.
  bool Pause(absl::Duration duration);

  const ControlSessionOptions options_;
  CurrentChannel& channel_;
  const Clock& clock_;
  v1::AgentIdentity identity_;  // of the session's thread
  absl::Time renewal_retry_ = absl::InfinitePast();

  mutable absl::Mutex mutex_;
  absl::CondVar changed_;
  ReportQueue reports_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool over_ ABSL_GUARDED_BY(mutex_) = false;  // the conversation
  bool welcomed_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Duration heartbeat_interval_ ABSL_GUARDED_BY(mutex_) = absl::Seconds(30);
  std::optional<int64_t> clock_offset_ns_ ABSL_GUARDED_BY(mutex_);
  grpc::ClientContext* context_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::thread thread_;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_SESSION_CONTROL_SESSION_H_
