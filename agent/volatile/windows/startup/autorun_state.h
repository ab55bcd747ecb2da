// What Windows starts by itself, by its registry and its Startup folders. Services and tasks are kinds of their own.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_AUTORUN_STATE_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_AUTORUN_STATE_H_

#include "agent/volatile/record_source.h"
#include "agent/volatile/windows/state_context.h"

namespace hozen {

// A record for each program that one of AutorunLocations names, of the machine and of each user whose hive is loaded,
// then for each file in a Startup folder. A location that is not there or is empty is nothing; one that cannot be read,
// and a value that is no text, is `missing`. Thread-compatible; `context` must live as long as what is returned.
NextRecord AutorunRecords(const StateContext& context);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_AUTORUN_STATE_H_
