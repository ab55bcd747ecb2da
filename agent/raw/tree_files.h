// Small files of a tree, read whole: what tells which system it holds.
#ifndef HOZEN_AGENT_RAW_TREE_FILES_H_
#define HOZEN_AGENT_RAW_TREE_FILES_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/acquire/file_tree.h"
#include "agent/acquire/path_resolver.h"

namespace hozen {

// By a path with the tree's separator; links on the way and at the end are followed within the tree. NotFound; DataLoss
// where it cannot be read or has more than most_bytes.
absl::StatusOr<std::string> ReadTreeFile(FileTree& tree, std::string_view path, size_t most_bytes);

// The entry at the end of all links; NotFound.
absl::StatusOr<ResolvedEntry> ResolveInTree(FileTree& tree, std::string_view path);

// The names of the folders in a folder, at most so many; none where that cannot be had.
std::vector<std::string> TreeFolders(FileTree& tree, std::string_view path, size_t most);

// Is there something of this name? False also where that cannot be known.
bool IsInTree(FileTree& tree, std::string_view path);

}  // namespace hozen

#endif  // HOZEN_AGENT_RAW_TREE_FILES_H_
