// A hive of the registry as a file of a raw tree, with the logs that stand beside it.
#ifndef HOZEN_AGENT_RAW_HIVE_FILE_H_
#define HOZEN_AGENT_RAW_HIVE_FILE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "agent/acquire/file_tree.h"
#include "agent/acquire/hive_map.h"
#include "agent/acquire/tree_provider.h"
#include "agent/raw/raw_volume.h"
#include "agent/volume/registry_query.h"

namespace hozen {

// The volume whose files have this device; nullptr where there is none.
using FindRawVolume = std::function<RawVolume*(uint64_t device)>;

// As SystemFacts::ReadKeys. NotFound where no file stands at place.file.
absl::StatusOr<RegistryEnd> ReadHiveFile(FileTree& tree, const FindRawVolume& volume_of, const HivePlace& place,
                                         const std::optional<std::string>& value, const SystemFacts::OnKey& on_key);

}  // namespace hozen

#endif  // HOZEN_AGENT_RAW_HIVE_FILE_H_
