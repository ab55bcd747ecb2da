// The agent's one connection to its collector: TLS with the pinned root and nothing else to trust.
#ifndef HOZEN_AGENT_SESSION_CHANNEL_H_
#define HOZEN_AGENT_SESSION_CHANNEL_H_

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "proto/hozen/v1/agent_state.pb.h"

namespace grpc {
class Channel;
}

namespace hozen {

// As a host, with its certificate; without private key, as nobody (enrolment).
std::shared_ptr<grpc::Channel> MakeChannel(const v1::AgentIdentity& identity);

// The connection that is to be used now. Thread-safe.
class CurrentChannel {
 public:
  explicit CurrentChannel(const v1::AgentIdentity& identity) : channel_(MakeChannel(identity)) {}

  std::shared_ptr<grpc::Channel> Get() const {
    absl::MutexLock lock(&mutex_);
    return channel_;
  }
  // For calls from now on; those under way go on as they are.
  void Replace(const v1::AgentIdentity& identity) {
    std::shared_ptr<grpc::Channel> next = MakeChannel(identity);
    absl::MutexLock lock(&mutex_);
    channel_ = std::move(next);
  }

 private:
  mutable absl::Mutex mutex_;
  std::shared_ptr<grpc::Channel> channel_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace hozen

#endif  // HOZEN_AGENT_SESSION_CHANNEL_H_
