// Folders that only the agent and the host's administrators may look into.
#ifndef HOZEN_AGENT_PLATFORM_PRIVATE_FOLDER_H_
#define HOZEN_AGENT_PLATFORM_PRIVATE_FOLDER_H_

#include <filesystem>

#include "absl/status/status.h"

namespace hozen {

// Both are thread-safe; errors of the system as ErrnoStatus.

// OK where what lies in `folder` can be believed: nobody else may have put it there, and nobody else may look at it.
// FailedPrecondition where it is not so, with why and what to do; NotFound where there is no such folder.
//
// Linux: it is root's or this user's, and its permissions give others nothing. Windows: it is no reparse point, and its
// owner and whoever its access list names are the system, administrators, or the user of this process (but for what
// PrivateDescriptor says of that). In ProgramData everybody may make folders, so of a folder in one that is called
// "Hozen" that one is asked too.
absl::Status CheckPrivateFolder(const std::filesystem::path& folder);

// Takes others' access away. It does not become ours where it is another's.
absl::Status MakeFolderPrivate(const std::filesystem::path& folder);

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_PRIVATE_FOLDER_H_
