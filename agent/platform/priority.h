// Getting out of the way of the host's own work.
#ifndef HOZEN_AGENT_PLATFORM_PRIORITY_H_
#define HOZEN_AGENT_PLATFORM_PRIORITY_H_

#include "absl/status/status.h"

namespace hozen {

// Nice 10 and the lowest best-effort I/O priority for this process. Call it before other threads start: on Linux both
// are inherited by threads and children, and are not given to threads that exist already. Errors as ErrnoStatus; the
// process then goes on as it was.
absl::Status LowerPriority();

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_PRIORITY_H_
