#include "agent/volatile/windows/interface_address.h"

#include <winsock2.h>
// After winsock2.h.
#include <ws2tcpip.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/str_format.h"
#include "core/base/concat.h"

namespace hozen {
namespace {

constexpr size_t kMostHardwareBytes = 32;

}  // namespace

std::string SocketAddressText(const void* address, size_t size_bytes) {
  sockaddr_in6 copy = {};  // the larger of the two
  if (address == nullptr || size_bytes < sizeof(sockaddr_in)) return "";
  std::memcpy(&copy, address, std::min(size_bytes, sizeof(copy)));
  char text[INET6_ADDRSTRLEN] = {};
  const void* bytes = nullptr;
  sockaddr_in four = {};
  std::memcpy(&four, &copy, sizeof(four));
  if (copy.sin6_family == AF_INET) bytes = &four.sin_addr;
  if (copy.sin6_family == AF_INET6 && size_bytes >= sizeof(copy)) bytes = &copy.sin6_addr;
  if (bytes == nullptr || ::inet_ntop(copy.sin6_family, bytes, text, sizeof(text)) == nullptr) return "";
  return text;
}

std::string PrefixText(const void* address, uint8_t prefix_bits) {
  const std::string text = SocketAddressText(address, sizeof(sockaddr_in6));
  if (text.empty()) return "";
  if (prefix_bits == 0 && (text == "0.0.0.0" || text == "::")) return "default";
  return Concat(text, "/", int{prefix_bits});
}

std::string MacText(std::string_view bytes) {
  bytes = bytes.substr(0, kMostHardwareBytes);
  if (std::all_of(bytes.begin(), bytes.end(), [](char byte) { return byte == 0; })) return "";
  std::string text;
  for (const char byte : bytes) {
    absl::StrAppendFormat(&text, "%s%02x", text.empty() ? "" : ":", static_cast<unsigned char>(byte));
  }
  return text;
}

}  // namespace hozen
