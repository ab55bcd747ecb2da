// A pattern's keys in the registry of the running Windows.
#ifndef HOZEN_AGENT_ACQUIRE_LIVE_REGISTRY_WALK_H_
#define HOZEN_AGENT_ACQUIRE_LIVE_REGISTRY_WALK_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "agent/platform/registry_key.h"
#include "agent/volume/registry_query.h"

namespace hozen {

// The root of a hive by what plans call it ("HKEY_LOCAL_MACHINE\Software", "HKEY_USERS\S-1-5-18"); case does not
// matter. NotFound also where the hive is not loaded, as that of somebody who is not logged on. Both are thread-safe.
absl::StatusOr<RegistryKey> OpenLiveHive(std::string_view root);

// As WalkHive has `pattern`, `value`, records and their bounds, of an open hive. What may not be read, or could not be,
// is said in the records and counted; what comes or goes meanwhile may be there or not. An error of on_key is returned.
absl::StatusOr<RegistryEnd> WalkLiveRegistry(const RegistryKey& hive, std::string_view pattern,
                                             const std::optional<std::string>& value, const OnRegistryKey& on_key);

}  // namespace hozen

#endif  // HOZEN_AGENT_ACQUIRE_LIVE_REGISTRY_WALK_H_
