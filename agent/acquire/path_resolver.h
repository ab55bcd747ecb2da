// The fixed part of a pattern: folders that were named, reached as people mean it, through symbolic links on the way
// (/var/run is /run), and never out of the tree that was given.
#ifndef HOZEN_AGENT_ACQUIRE_PATH_RESOLVER_H_
#define HOZEN_AGENT_ACQUIRE_PATH_RESOLVER_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/acquire/borders.h"
#include "agent/acquire/file_tree.h"
#include "agent/acquire/path_parts.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

struct ResolvedFolder {
  std::unique_ptr<TreeFolder> folder;
  std::string real_path;         // "" for the root, else "/a/b" or "C:\a"
  bool access_time_kept = true;  // of each folder on the way
};

// Opens the folder that `parts` lead to; parts may be "..", links are followed (40 at most), each folder on the way is
// asked of `borders`, and behind a link whether another machine's file system begins there. Without a value, `failure`
// says why: NOT_FOUND also where a part is no folder, as WayOfLink where a link leads out of the tree.
// Thread-compatible.
std::optional<ResolvedFolder> ResolveFolder(FileTree& tree, const std::vector<std::string>& parts,
                                            const Borders& borders, v1::Failure& failure);

// The entry that a path without symbolic links names, and its folder. As ResolveFolder.
struct ResolvedEntry {
  std::unique_ptr<TreeFolder> folder;
  TreeEntry entry;
};
std::optional<ResolvedEntry> ResolveEntry(FileTree& tree, std::string_view real_path, const Borders& borders,
                                          v1::Failure& failure);

}  // namespace hozen

#endif  // HOZEN_AGENT_ACQUIRE_PATH_RESOLVER_H_
