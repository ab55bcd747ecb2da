// Numbers as NTFS and registry hives hold them.
#ifndef HOZEN_AGENT_VOLUME_LITTLE_ENDIAN_H_
#define HOZEN_AGENT_VOLUME_LITTLE_ENDIAN_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hozen {

// The number of `size` bytes, at most 8, at `at`; what lies behind the end counts as zero. Thread-safe.
inline uint64_t LittleEndian(std::string_view bytes, size_t at, size_t size) {
  uint64_t number = 0;
  for (size_t i = size; i > 0; --i) {
    const size_t byte = at + i - 1;
    number = number << 8 | (byte < bytes.size() ? static_cast<unsigned char>(bytes[byte]) : 0);
  }
  return number;
}

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_LITTLE_ENDIAN_H_
