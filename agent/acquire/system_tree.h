// The files of the running system, by its own calls.
#ifndef HOZEN_AGENT_ACQUIRE_SYSTEM_TREE_H_
#define HOZEN_AGENT_ACQUIRE_SYSTEM_TREE_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/acquire/file_tree.h"
#include "agent/platform/file_access.h"
#include "agent/platform/shadow_devices.h"

namespace hozen {

// How paths come into shadow copies; another way than the system's in tests.
struct ShadowCopyAccess {
  // Their devices, as paths begin with them.
  std::function<absl::StatusOr<std::vector<std::string>>()> list = &ListShadowDevices;
  // The root of the volume on one.
  std::function<absl::StatusOr<OpenedFile>(const std::string& device)> open = &OpenRootFolder;
};

// Below `root`, which is empty but in tests. Where paths begin with drives, they may also begin with a shadow copy.
std::unique_ptr<FileTree> NewSystemTree(std::string root, ShadowCopyAccess shadow_copies = {});

}  // namespace hozen

#endif  // HOZEN_AGENT_ACQUIRE_SYSTEM_TREE_H_
