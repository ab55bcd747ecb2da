// The agent's version, in facts, manifests and --version.
#ifndef HOZEN_AGENT_APP_VERSION_H_
#define HOZEN_AGENT_APP_VERSION_H_

#include <string_view>

namespace hozen {

inline constexpr std::string_view kAgentVersion = "0.1.0";

}  // namespace hozen

#endif  // HOZEN_AGENT_APP_VERSION_H_
