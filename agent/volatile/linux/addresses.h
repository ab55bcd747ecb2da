// Addresses as people write them.
#ifndef HOZEN_AGENT_VOLATILE_LINUX_ADDRESSES_H_
#define HOZEN_AGENT_VOLATILE_LINUX_ADDRESSES_H_

#include <optional>
#include <string>
#include <string_view>

namespace hozen {

// All are thread-safe.

// Of 4 or 16 bytes in the network's order; empty for any other number of bytes.
std::string AddressText(std::string_view bytes);
// "02:42:ac:11:00:02"; empty where all bytes are zero.
std::string HardwareAddressText(std::string_view bytes);

// The bytes, in the network's order, of an address as /proc/net/tcp and tcp6 print it: 32-bit words in this machine's
// order, in hexadecimal. None where it is none.
std::optional<std::string> AddressOfProcNet(std::string_view hex);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_LINUX_ADDRESSES_H_
