#include "core/base/address_text.h"

#ifdef _WIN32
#include <winsock2.h>
#include <ws2tcpip.h>
#else
#include <arpa/inet.h>
#endif

namespace hozen {

std::string InternetAddressText(std::string_view octets) {
  char text[INET6_ADDRSTRLEN] = {};
  const int family = octets.size() == 4 ? AF_INET : AF_INET6;
  if ((octets.size() != 4 && octets.size() != 16) ||
      ::inet_ntop(family, octets.data(), text, sizeof(text)) == nullptr) {
    return {};
  }
  return text;
}

}  // namespace hozen
