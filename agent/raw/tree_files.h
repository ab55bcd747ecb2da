// Small files of a tree, read whole: what tells which system it holds.
#ifndef HOZEN_AGENT_RAW_TREE_FILES_H_
#define HOZEN_AGENT_RAW_TREE_FILES_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "agent/acquire/file_tree.h"

namespace hozen {

// By a path with the tree's separator; links on the way and at the end are followed within the tree. NotFound; DataLoss
// where it cannot be read or has more than most_bytes.
absl::StatusOr<std::string> ReadTreeFile(FileTree& tree, std::string_view path, size_t most_bytes);

// Is there something of this name? False also where that cannot be known.
bool IsInTree(FileTree& tree, std::string_view path);

}  // namespace hozen

#endif  // HOZEN_AGENT_RAW_TREE_FILES_H_
