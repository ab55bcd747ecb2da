// Numbers of the kernel in the words that its documentation has for them.
#ifndef HOZEN_AGENT_VOLATILE_LINUX_KERNEL_NAMES_H_
#define HOZEN_AGENT_VOLATILE_LINUX_KERNEL_NAMES_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hozen {

// All are thread-safe. A bit or a number without a name here is "bit 63" or its number, never left out.

// Of /proc/sys/kernel/tainted: "proprietary_module", "out_of_tree_module".
std::vector<std::string> TaintNames(uint64_t taint);
// Of the letters that /proc/modules has for it: "OE".
std::vector<std::string> TaintNamesOfLetters(std::string_view letters);
// "cap_net_admin".
std::vector<std::string> CapabilityNames(uint64_t capabilities);
// "LISTEN"; the numbers of include/net/tcp_states.h. What is not TCP has two: ESTABLISHED with a peer, else
// UNCONNECTED.
std::string SocketStateName(std::string_view protocol, uint32_t state);
// The numbers of /proc/net/unix (enum socket_state): "UNCONNECTED", "CONNECTED".
std::string UnixStateName(uint32_t state);
// "stream", "dgram".
std::string SocketTypeName(uint32_t type);
// Who in the kernel answers on a netlink socket, by linux/netlink.h: "route", "sock_diag", "audit".
std::string NetlinkFamilyName(uint32_t family);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_LINUX_KERNEL_NAMES_H_
