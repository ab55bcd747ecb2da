// Answers of rtnetlink, by the offsets of linux/rtnetlink.h, if_link.h, if_addr.h and neighbour.h.
#ifndef HOZEN_AGENT_VOLATILE_LINUX_NETWORK_NETWORK_MESSAGES_H_
#define HOZEN_AGENT_VOLATILE_LINUX_NETWORK_NETWORK_MESSAGES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

// All are thread-safe; a payload that is too short is none.

inline constexpr uint16_t kGetLinks = 18, kGetAddresses = 22, kGetRoutes = 26, kGetNeighbours = 30;

// What asks for a whole table: a header of this many zero bytes.
inline constexpr size_t kGetLinksBytes = 16, kGetAddressesBytes = 8, kGetRoutesBytes = 12, kGetNeighboursBytes = 12;

std::optional<v1::NetworkInterface> ParseLink(std::string_view payload);

struct InterfaceAddress {
  uint32_t interface_index = 0;
  std::string address;  // with its prefix
};
std::optional<InterfaceAddress> ParseInterfaceAddress(std::string_view payload);

std::optional<v1::Neighbour> ParseNeighbour(std::string_view payload);

// One for each of its next hops.
std::vector<v1::Route> ParseRoute(std::string_view payload);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_LINUX_NETWORK_NETWORK_MESSAGES_H_
