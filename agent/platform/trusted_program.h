// Programs of the host that may be run with our rights.
#ifndef HOZEN_AGENT_PLATFORM_TRUSTED_PROGRAM_H_
#define HOZEN_AGENT_PLATFORM_TRUSTED_PROGRAM_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace hozen {

// We may be root, or the system; whoever could write the program would be too. OK where it is a file that
// administrators alone can replace; FailedPrecondition where it is not; NotFound and others as ErrnoStatus.
// Thread-safe.
absl::Status CheckTrustedProgram(const std::string& path);

// Where the program of a command is. A path is itself; a name without a folder is a program of Windows' own folder for
// them, and is looked for nowhere else, neither in PATH nor in the current folder: elsewhere it is NotFound.
// Thread-safe.
absl::StatusOr<std::string> ProgramPath(const std::string& command);

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_TRUSTED_PROGRAM_H_
