// The files of the running system, by its own calls.
#ifndef HOZEN_AGENT_ACQUIRE_SYSTEM_TREE_H_
#define HOZEN_AGENT_ACQUIRE_SYSTEM_TREE_H_

#include <memory>
#include <string>

#include "agent/acquire/file_tree.h"

namespace hozen {

// Below `root`, which is empty but in tests.
std::unique_ptr<FileTree> NewSystemTree(std::string root);

}  // namespace hozen

#endif  // HOZEN_AGENT_ACQUIRE_SYSTEM_TREE_H_
