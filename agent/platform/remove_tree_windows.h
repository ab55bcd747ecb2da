// Taking folders away for good. For files that exist on Windows alone.
#ifndef HOZEN_AGENT_PLATFORM_REMOVE_TREE_WINDOWS_H_
#define HOZEN_AGENT_PLATFORM_REMOVE_TREE_WINDOWS_H_

#include <filesystem>
#include <vector>

#include "absl/status/status.h"

namespace hozen {

// What is still there, and why (as Win32Status).
struct Leftover {
  std::filesystem::path path;
  absl::Status why;
};

// Takes `folder` away with all that is in it. A link, also where `folder` is one itself, goes alone: what it leads to
// is not touched, whoever swaps a folder for one meanwhile. Gives what is left, a folder after what is in it; nothing
// is left of what was not there. Thread-safe.
std::vector<Leftover> RemoveTree(const std::filesystem::path& folder);

// Has the system do that at its next start, before anything else runs; a folder must be empty by then. For what nobody
// else can exchange until then. PermissionDenied without an administrator's rights. Thread-safe.
absl::Status RemoveAtNextStart(const std::filesystem::path& path);

// Is the folder, or anything in it, to be removed so? Thread-safe.
bool GoesAtNextStart(const std::filesystem::path& folder);

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_REMOVE_TREE_WINDOWS_H_
