// Connections to other hosts that Windows makes again at a user's next logon.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_NETWORK_REMEMBERED_CONNECTIONS_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_NETWORK_REMEMBERED_CONNECTIONS_H_

#include <vector>

#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

// By the registry: HKEY_USERS\SID\Network of each user whose hive is loaded, and the drive's letter below it. `user` is
// the SID where no name was given to connect with. Thread-safe.
std::vector<v1::VolatileRecord> RememberedConnections();

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_NETWORK_REMEMBERED_CONNECTIONS_H_
