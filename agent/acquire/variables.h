// The variables of ForensicArtifacts definitions, filled in from this host.
#ifndef HOZEN_AGENT_ACQUIRE_VARIABLES_H_
#define HOZEN_AGENT_ACQUIRE_VARIABLES_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/platform/users.h"

namespace hozen {

// Thread-safe. Every pattern that `pattern` stands for on the host below `root`, each once: %%users.homedir%%,
// %%users.username%% and %%users.uid%%, of the same person where several stand in one pattern. Values are escaped, so a
// home named [a] is not a set. A pattern without variables is itself. Unimplemented for a variable that Linux does not
// know; empty where nobody has what it asks for.
absl::StatusOr<std::vector<std::string>> ExpandVariables(std::string_view pattern, const std::string& root);

// The same of people who are known. `homes` are those that exist, sorted.
absl::StatusOr<std::vector<std::string>> ExpandVariables(std::string_view pattern, const std::vector<LocalUser>& users,
                                                         const std::vector<std::string>& homes);

bool HasVariables(std::string_view pattern);

}  // namespace hozen

#endif  // HOZEN_AGENT_ACQUIRE_VARIABLES_H_
