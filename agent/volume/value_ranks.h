// Which files of a file system tell a responder most: an image that breaks off halfway should hold them. The child's
// side only.
#ifndef HOZEN_AGENT_VOLUME_VALUE_RANKS_H_
#define HOZEN_AGENT_VOLUME_VALUE_RANKS_H_

#include <tsk/libtsk.h>

#include <cstdint>
#include <string_view>

#include "absl/container/flat_hash_map.h"

namespace hozen {

// What a FileRun's rank says; docs/formats/manifest.md lists the files.
inline constexpr uint8_t kMetadataRank = 1;  // of the file system: tables, journals, folders
inline constexpr uint8_t kRegistryRank = 2;  // hives; on Linux /etc
inline constexpr uint8_t kLogRank = 3;       // event logs, /var/log
inline constexpr uint8_t kTriageRank = 4;    // the rest of a triage

using ValueRanks = absl::flat_hash_map<TSK_INUM_T, uint8_t>;

// Looks the valuable files up by their paths, in bounded time and number; finds what there is. Folders that cannot be
// read are passed over.
ValueRanks FindValuableFiles(TSK_FS_INFO& system);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_VALUE_RANKS_H_
