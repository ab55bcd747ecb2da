// The tables of /proc/net taken apart.
#ifndef HOZEN_AGENT_VOLATILE_LINUX_NETWORK_SOCKET_TEXT_H_
#define HOZEN_AGENT_VOLATILE_LINUX_NETWORK_SOCKET_TEXT_H_

#include <string_view>
#include <vector>

#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

// All are thread-safe; lines that do not parse are left out.

// /proc/net/tcp, tcp6, udp, udp6, udplite, raw, raw6: `protocol` is "tcp", "udp", ...
std::vector<v1::SocketState> ParseInetSockets(std::string_view text, std::string_view protocol);
// /proc/net/unix. A path may hold any bytes but a NUL; one with a line feed in it can look like two lines, of which
// those that parse are kept.
std::vector<v1::SocketState> ParseUnixSockets(std::string_view text);
// /proc/net/packet: who looks at raw frames.
std::vector<v1::SocketState> ParsePacketSockets(std::string_view text);
// /proc/net/netlink: who talks to the kernel. `local_port` is the port's number, often a pid.
std::vector<v1::SocketState> ParseNetlinkSockets(std::string_view text);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_LINUX_NETWORK_SOCKET_TEXT_H_
