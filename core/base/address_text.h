// Addresses of the Internet as people write them.
#ifndef HOZEN_CORE_BASE_ADDRESS_TEXT_H_
#define HOZEN_CORE_BASE_ADDRESS_TEXT_H_

#include <string>
#include <string_view>

namespace hozen {

// Of 4 or 16 octets in the order of the wire: "192.0.2.1", "2001:db8::1". Empty for any other number of them.
// Thread-safe.
std::string InternetAddressText(std::string_view octets);

}  // namespace hozen

#endif  // HOZEN_CORE_BASE_ADDRESS_TEXT_H_
