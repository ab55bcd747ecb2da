// Folders that only the agent and the host's administrators may look into.
#ifndef HOZEN_AGENT_PLATFORM_PRIVATE_FOLDER_H_
#define HOZEN_AGENT_PLATFORM_PRIVATE_FOLDER_H_

#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace hozen {

// All are thread-safe; errors as ErrnoStatus.

// Linux: its permissions give others nothing. Windows: its access list names nobody but the system, administrators, the
// user of this process and the folder's own owner.
absl::StatusOr<bool> IsPrivateFolder(const std::filesystem::path& folder);

absl::Status MakeFolderPrivate(const std::filesystem::path& folder);

// The command by which an administrator does the same.
std::string PrivateFolderCommand(const std::filesystem::path& folder);

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_PRIVATE_FOLDER_H_
