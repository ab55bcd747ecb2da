// Programs of the host that may be run with our rights.
#ifndef HOZEN_AGENT_PLATFORM_TRUSTED_PROGRAM_H_
#define HOZEN_AGENT_PLATFORM_TRUSTED_PROGRAM_H_

#include <string>

#include "absl/status/status.h"

namespace hozen {

// We may be root, or the system; whoever could write the program would be too. OK where it is a file that
// administrators alone can replace; FailedPrecondition where it is not; NotFound and others as ErrnoStatus.
// Thread-safe.
absl::Status CheckTrustedProgram(const std::string& path);

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_TRUSTED_PROGRAM_H_
