// Services and drivers, as the service manager has them, and those that only its registry knows.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_SERVICE_STATE_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_SERVICE_STATE_H_

#include "agent/volatile/record_source.h"
#include "agent/volatile/windows/state_context.h"

namespace hozen {

// A record for each, in the manager's order: its state when this was called, its configuration when the record is made.
// What stands in the registry as a service and the manager does not list is a record too, behind the others, whose
// `missing` says so: a service may hide from the list by its own access list, or wait to be deleted. Nothing is
// started, and only this host's manager is asked. Thread-compatible; `context` may go.
NextRecord ServiceRecords(const StateContext& context);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_SERVICE_STATE_H_
