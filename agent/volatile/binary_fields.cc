#include "agent/volatile/binary_fields.h"

#include <algorithm>

namespace hozen {
namespace {

constexpr size_t kHeaderBytes = 4;
constexpr uint16_t kTypeMask = 0x3FFF;  // NLA_TYPE_MASK

}  // namespace

void EachAttribute(std::string_view bytes, const std::function<void(uint16_t type, std::string_view value)>& visit) {
  while (bytes.size() >= kHeaderBytes) {
    const size_t size = FieldAt<uint16_t>(bytes, 0);
    if (size < kHeaderBytes || size > bytes.size()) return;
    visit(FieldAt<uint16_t>(bytes, 2) & kTypeMask, bytes.substr(kHeaderBytes, size - kHeaderBytes));
    bytes.remove_prefix(std::min((size + 3) / 4 * 4, bytes.size()));
  }
}

}  // namespace hozen
