// Questions and answers of NETLINK_SOCK_DIAG, by the offsets of linux/inet_diag.h and linux/unix_diag.h.
#ifndef HOZEN_AGENT_VOLATILE_LINUX_NETWORK_SOCKET_DIAG_H_
#define HOZEN_AGENT_VOLATILE_LINUX_NETWORK_SOCKET_DIAG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

// All are thread-safe.
inline constexpr uint16_t kSockDiagByFamily = 20;

// The question for all sockets, in every state. `family` is AF_INET or AF_INET6, `protocol` an IPPROTO_.
std::string InetDiagRequest(uint8_t family, uint8_t protocol);
std::string UnixDiagRequest();

// An answer's payload; none where it is too short or of another family.
std::optional<v1::SocketState> ParseInetDiag(std::string_view payload, std::string_view protocol);
std::optional<v1::SocketState> ParseUnixDiag(std::string_view payload);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_LINUX_NETWORK_SOCKET_DIAG_H_
