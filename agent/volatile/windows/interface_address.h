// Socket addresses as people write them.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_INTERFACE_ADDRESS_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_INTERFACE_ADDRESS_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace hozen {

// All are thread-safe.

// Of a SOCKADDR (IPv4 or IPv6) of so many bytes, without its port; empty for any other family or too few bytes.
std::string SocketAddressText(const void* address, size_t size_bytes);
// "192.0.2.0/24"; "default" for all addresses. `address` is a SOCKADDR_INET.
std::string PrefixText(const void* address, uint8_t prefix_bits);
// "02:42:ac:11:00:02" of at most 32 bytes; empty where all are zero.
std::string MacText(std::string_view bytes);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_INTERFACE_ADDRESS_H_
