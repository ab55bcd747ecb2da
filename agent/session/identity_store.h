// Who this agent is and what its host's owner allows, in the state folder. Format: docs/formats/agent-state.md.
#ifndef HOZEN_AGENT_SESSION_IDENTITY_STORE_H_
#define HOZEN_AGENT_SESSION_IDENTITY_STORE_H_

#include <filesystem>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/hozen/v1/agent_state.pb.h"

namespace hozen {

// state.pb. NotFound where the agent is not enrolled; FailedPrecondition where a newer agent wrote it; DataLoss where
// it is damaged.
absl::StatusOr<v1::AgentIdentity> LoadIdentity(const std::filesystem::path& state_folder);
// Durable when it returns OK; readable by its owner alone.
absl::Status SaveIdentity(const std::filesystem::path& state_folder, const v1::AgentIdentity& identity);

// policy.textproto; an empty policy where there is none. InvalidArgument where it cannot be understood: an owner's
// restriction is never guessed.
absl::StatusOr<v1::LocalPolicy> LoadPolicy(const std::filesystem::path& state_folder);

// Makes the folder for its owner alone. FailedPrecondition where one is there that CheckPrivateFolder refuses.
absl::Status PrepareStateFolder(const std::filesystem::path& state_folder);

}  // namespace hozen

#endif  // HOZEN_AGENT_SESSION_IDENTITY_STORE_H_
