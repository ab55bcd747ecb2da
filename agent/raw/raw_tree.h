// The files of raw volumes as one tree: each volume stands at a path, as mounts do.
#ifndef HOZEN_AGENT_RAW_RAW_TREE_H_
#define HOZEN_AGENT_RAW_RAW_TREE_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "agent/acquire/file_tree.h"
#include "agent/raw/raw_volume.h"

namespace hozen {

// The folder below a volume's root for deleted files that no folder names; as `fls` calls it.
inline constexpr char kOrphansName[] = "$OrphanFiles";

struct RawTreeShape {
  char separator = '/';
  bool ignores_case = false;
  bool has_streams = false;
  std::string drive;  // "C:" where paths without one begin
  // Where a volume of Windows stands, as FileTree::PathOfVolume; may be empty.
  std::function<std::optional<std::string>(std::string_view name)> path_of_volume;
  // Which volume stands where, by path; "" is the root. Where there is none at the root, the root is a folder of these.
  // Where one cannot be opened, its error stands for all that lies there, but for the volumes below it.
  using OpenVolume = std::function<absl::StatusOr<RawVolume*>()>;
  std::map<std::string, OpenVolume> volumes;
};

// Thread-safe as RawVolume is. A tree reads nothing before it is asked. Folders list what was deleted where that is
// wanted, the root of a volume then also kOrphansName.
std::unique_ptr<FileTree> NewRawTree(RawTreeShape shape);

}  // namespace hozen

#endif  // HOZEN_AGENT_RAW_RAW_TREE_H_
