// Numbers as qcow2 and VHD files hold them.
#ifndef HOZEN_AGENT_VOLUME_BIG_ENDIAN_H_
#define HOZEN_AGENT_VOLUME_BIG_ENDIAN_H_

#include <cstddef>
#include <cstdint>

namespace hozen {

// Of at most 8 bytes. Thread-safe.
inline uint64_t BigEndian(const char* bytes, size_t size) {
  uint64_t number = 0;
  for (size_t i = 0; i < size; ++i) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return number;
}

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_BIG_ENDIAN_H_
