// What this host shares over SMB, who uses it, and what it uses of others.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_NETWORK_SHARE_STATE_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_NETWORK_SHARE_STATE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "agent/volatile/windows/state_context.h"
#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

// Shares, sessions, open files and connections to elsewhere, at most 65,536 of each: what the host's own server and
// workstation services say, which ask nobody. Connections are those of the agent's own logon; then the drives of every
// logon that stand for folders of other hosts (state "mapped"), and those that a user whose hive is loaded has kept for
// his next logon ("remembered"). Where a service does not run there is nothing of its kind, and a `missing` says so
// (CAUSE_NOT_FOUND). Thread-safe.
std::vector<v1::VolatileRecord> ShareRecords(const StateContext& context);

// Thread-safe. Of an STYPE_... number without its high bits: "disk"; its number where it has no name.
std::string ShareKindName(uint32_t type);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_NETWORK_SHARE_STATE_H_
