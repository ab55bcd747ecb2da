#include "agent/volatile/linux/addresses.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstdint>
#include <cstring>

#include "agent/volatile/linux/text_fields.h"

namespace hozen {
namespace {

constexpr size_t kWordDigits = 8;

}  // namespace

std::string AddressText(std::string_view bytes) {
  char text[INET6_ADDRSTRLEN] = {};
  if (bytes.size() != 4 && bytes.size() != 16) return "";
  if (inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), text, sizeof(text)) == nullptr) return "";
  return text;
}

std::string HardwareAddressText(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  bool any = false;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (!text.empty()) text += ':';
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
    any = any || byte != 0;
  }
  return any ? text : "";
}

std::optional<std::string> AddressOfProcNet(std::string_view hex) {
  if (hex.size() != kWordDigits && hex.size() != 4 * kWordDigits) return std::nullopt;
  std::string bytes;
  for (; !hex.empty(); hex.remove_prefix(kWordDigits)) {
    const auto word = NumberOf<uint32_t>(hex.substr(0, kWordDigits), 16);
    if (!word.has_value()) return std::nullopt;
    char raw[sizeof(*word)];
    std::memcpy(raw, &*word, sizeof(raw));
    bytes.append(raw, sizeof(raw));
  }
  return bytes;
}

}  // namespace hozen
