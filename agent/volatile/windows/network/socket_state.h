// Every TCP and UDP socket of a running Windows, and whose it is.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_NETWORK_SOCKET_STATE_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_NETWORK_SOCKET_STATE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "agent/volatile/windows/state_context.h"
#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

// The name of an MIB_TCP_STATE, as Linux has it ("LISTEN", "SYN_RECV"); its number where there is none. Thread-safe.
// https://learn.microsoft.com/windows/win32/api/tcpmib/ns-tcpmib-mib_tcprow_lh
std::string TcpStateName(uint32_t state);

// Of the tables of IPv4 and IPv6, at most 65,536 sockets each; a record for each table that could not be had. Owners
// are those of the moment of this call. No name is looked up. Raw sockets and those of other families stand in no
// table. https://learn.microsoft.com/windows/win32/api/iphlpapi/nf-iphlpapi-getextendedtcptable
std::vector<v1::VolatileRecord> WindowsSocketRecords(const StateContext& context);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_NETWORK_SOCKET_STATE_H_
