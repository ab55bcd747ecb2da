// Attributes of netlink, as the kernel lays them out, for tests.
#ifndef HOZEN_AGENT_VOLATILE_LINUX_NETWORK_TESTING_ATTRIBUTE_H_
#define HOZEN_AGENT_VOLATILE_LINUX_NETWORK_TESTING_ATTRIBUTE_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace hozen {

// Filled up to four bytes. Thread-safe.
inline std::string Attribute(uint16_t type, std::string_view value) {
  const uint16_t size = static_cast<uint16_t>(4 + value.size());
  std::string bytes(reinterpret_cast<const char*>(&size), 2);
  bytes.append(reinterpret_cast<const char*>(&type), 2);
  bytes += value;
  bytes.resize((bytes.size() + 3) / 4 * 4, '\0');
  return bytes;
}

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_LINUX_NETWORK_TESTING_ATTRIBUTE_H_
