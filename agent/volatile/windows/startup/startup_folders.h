// The folders whose files Windows starts when somebody logs on.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_STARTUP_FOLDERS_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_STARTUP_FOLDERS_H_

#include <vector>

#include "agent/volatile/windows/state_context.h"
#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

// Each file in the folder of all users, in that of each profile, also of people who are not logged on, and, of those
// who are, in the folder that they have in its place. What cannot be listed is `missing`; a folder that is not there is
// nothing. Files are not opened. Thread-safe.
std::vector<v1::VolatileRecord> StartupFolderRecords(const StateContext& context);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_STARTUP_FOLDERS_H_
