// The agent's question about a registry, and its look at the answer: nothing that the child says is taken on trust.
#ifndef HOZEN_AGENT_VOLUME_REGISTRY_QUESTION_H_
#define HOZEN_AGENT_VOLUME_REGISTRY_QUESTION_H_

#include "absl/status/statusor.h"
#include "agent/volume/conversation.h"
#include "agent/volume/registry_query.h"

namespace hozen {

// Contract as VolumeReader::ReadRegistry. Thread-compatible.
absl::StatusOr<RegistryEnd> AskRegistry(Conversation& child, const RegistryQuery& query, const OnRegistryKey& on_key);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_REGISTRY_QUESTION_H_
