// A registry hive that does not run: keys that a pattern means, with their values. The child's side only; the format is
// told in docs/formats/registry.md.
#ifndef HOZEN_AGENT_VOLUME_REGISTRY_HIVE_H_
#define HOZEN_AGENT_VOLUME_REGISTRY_HIVE_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/volume/registry_query.h"

namespace hozen {

struct HiveFiles {
  std::string hive;
  std::vector<std::string> logs;  // .LOG1, .LOG2, .LOG, as far as they are there: replayed in memory where it is dirty
};

// The keys that `pattern` means, ignoring case, front to back, each with its values: RegistryQuery's `key` and `value`.
// Damage costs what it hits: it is in the
// records' problems and counted. Each key is gone into once, whatever a hive says about itself.
//
// InvalidArgument for a malformed pattern. DataLoss where it is no hive, or where it unfolds to far more than it holds;
// what was handed on before is good. An error of on_key is returned.
absl::StatusOr<RegistryEnd> WalkHive(HiveFiles files, std::string_view pattern, const std::optional<std::string>& value,
                                     const OnRegistryKey& on_key);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_REGISTRY_HIVE_H_
