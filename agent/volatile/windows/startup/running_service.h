// Whether a service runs, before it is asked something: COM would start it, and that would change the host.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_RUNNING_SERVICE_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_RUNNING_SERVICE_H_

#include <string>

#include "absl/status/status.h"

namespace hozen {

// NotFound where it does not run, or this Windows has no such service; errors of the service manager otherwise.
// Thread-safe.
absl::Status CheckServiceRuns(const std::wstring& name);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_RUNNING_SERVICE_H_
