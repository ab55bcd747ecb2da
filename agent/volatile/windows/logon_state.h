// Who is logged on: the security authority's logon sessions, and the desktop sessions of the terminal services.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_LOGON_STATE_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_LOGON_STATE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "agent/volatile/windows/state_context.h"
#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

// Records whose source is "lsa", one for each logon (a service's and one over the network too), then those whose source
// is "wts", one for each desktop session with its client; `session` joins them. At most 65,536 and 4,096. The host's
// own authority is asked, and no domain. Thread-safe.
std::vector<v1::VolatileRecord> LogonRecords(const StateContext& context);

// All are thread-safe. Of a SECURITY_LOGON_SESSION_DATA, as the security authority gives it.
v1::LoginState DescribeLogon(const void* data);
// Of a SECURITY_LOGON_TYPE: "network"; its number where it has no name.
std::string LogonTypeName(uint32_t type);
// Of a WTS_CONNECTSTATE_CLASS, likewise: "disconnected".
std::string DesktopStateName(uint32_t state);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_LOGON_STATE_H_
