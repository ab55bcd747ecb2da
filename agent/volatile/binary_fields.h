// Numbers and attributes in the answers of netlink: in this machine's order, at offsets that are checked.
#ifndef HOZEN_AGENT_VOLATILE_BINARY_FIELDS_H_
#define HOZEN_AGENT_VOLATILE_BINARY_FIELDS_H_

#include <cstdint>
#include <cstring>
#include <functional>
#include <string_view>

namespace hozen {

// 0 where it does not lie in `bytes`.
template <typename Number>
Number FieldAt(std::string_view bytes, size_t offset) {
  Number number = 0;
  if (offset > bytes.size() || bytes.size() - offset < sizeof(number)) return 0;
  std::memcpy(&number, bytes.data() + offset, sizeof(number));
  return number;
}

// Each attribute (type, value) in `bytes`, up to the first that is damaged. Types are without the flags for nesting and
// byte order. Thread-safe.
void EachAttribute(std::string_view bytes, const std::function<void(uint16_t type, std::string_view value)>& visit);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_BINARY_FIELDS_H_
