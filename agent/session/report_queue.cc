#include "agent/session/report_queue.h"

#include <utility>

namespace hozen {

void ReportQueue::Push(v1::AgentMessage message) {
  if (message.has_progress()) {
    const std::string id = message.progress().acquisition_id();
    progress_[id] = std::move(message);
    return;
  }
  if (message.has_event() && (message.event().kind() == v1::AcquisitionEvent::KIND_COMMITTED ||
                              message.event().kind() == v1::AcquisitionEvent::KIND_FAILED)) {
    progress_.erase(message.event().acquisition_id());
  }
  events_.push_back(std::move(message));
  if (events_.size() > most_events_) events_.pop_front();
}

std::optional<v1::AgentMessage> ReportQueue::Pop() {
  if (!events_.empty()) {
    v1::AgentMessage message = std::move(events_.front());
    events_.pop_front();
    return message;
  }
  if (progress_.empty()) return std::nullopt;
  v1::AgentMessage message = std::move(progress_.begin()->second);
  progress_.erase(progress_.begin());
  return message;
}

}  // namespace hozen
