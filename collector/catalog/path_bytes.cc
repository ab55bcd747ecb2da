#include "collector/catalog/path_bytes.h"

#include <cstdint>

namespace hozen {

std::string_view NameOfPath(std::string_view path) {
  const size_t separator = path.starts_with('/') ? path.rfind('/') : path.find_last_of("/\\");
  return separator == std::string_view::npos ? path : path.substr(separator + 1);
}

std::string_view LiteralPrefix(std::string_view glob) { return glob.substr(0, glob.find_first_of("*?[")); }

std::optional<std::string> BehindPrefix(std::string_view prefix) {
  std::string behind(prefix);
  while (!behind.empty() && behind.back() == '\xff') behind.pop_back();
  if (behind.empty()) return std::nullopt;
  behind.back() = static_cast<char>(static_cast<uint8_t>(behind.back()) + 1);
  return behind;
}

}  // namespace hozen
