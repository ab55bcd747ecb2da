// What the agent has to say while nobody listens: bounded, and only the newest of what is soon out of date.
#ifndef HOZEN_AGENT_SESSION_REPORT_QUEUE_H_
#define HOZEN_AGENT_SESSION_REPORT_QUEUE_H_

#include <deque>
#include <map>
#include <optional>
#include <string>

#include "proto/hozen/v1/agent_control.pb.h"

namespace hozen {

// Thread-compatible.
class ReportQueue {
 public:
  explicit ReportQueue(size_t most_events = 1000) : most_events_(most_events) {}

  // An event is kept in order; of too many the oldest goes. Progress replaces what there is of its acquisition, and
  // goes when an event says that the acquisition has ended.
  void Push(v1::AgentMessage message);
  // Events first.
  std::optional<v1::AgentMessage> Pop();
  bool empty() const { return events_.empty() && progress_.empty(); }

 private:
  const size_t most_events_;
  std::deque<v1::AgentMessage> events_;
  std::map<std::string, v1::AgentMessage> progress_;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_SESSION_REPORT_QUEUE_H_
