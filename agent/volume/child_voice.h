// What a volume reader says to its agent. The child's side only.
#ifndef HOZEN_AGENT_VOLUME_CHILD_VOICE_H_
#define HOZEN_AGENT_VOLUME_CHILD_VOICE_H_

#include <string_view>

#include "absl/status/status.h"
#include "agent/volume/channel.h"

namespace hozen {

// Ends of a child.
inline constexpr int kBadStart = 64;  // something was asked otherwise than agreed
inline constexpr int kAgentGone = 65;

// Ends the process where the agent is not there any more. Thread-compatible.
void Say(MessageType type, std::string_view payload);
void SayFailed(const absl::Status& status);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_CHILD_VOICE_H_
