// Handles that no descriptor of the C library can stand for, as numbers beside descriptors. For *_windows.cc files
// alone.
#ifndef HOZEN_AGENT_PLATFORM_SECTION_HANDLE_WINDOWS_H_
#define HOZEN_AGENT_PLATFORM_SECTION_HANDLE_WINDOWS_H_

#include <cstdint>

#include "core/base/windows_handle.h"

namespace hozen {

// Descriptors are below 2,048, and values of handles are small multiples of four: neither has this bit.
inline constexpr int kSectionBit = 1 << 30;

inline int NumberOfSection(void* handle) { return static_cast<int>(reinterpret_cast<intptr_t>(handle)) | kSectionBit; }

// Of a section's number as well as of a descriptor.
inline void* HandleOfNumber(int number) {
  if (number < 0 || (number & kSectionBit) == 0) return HandleOf(number);
  return reinterpret_cast<void*>(static_cast<intptr_t>(number & ~kSectionBit));
}

// The section that AdoptChildHandles found at this number of a child's; null where it found none. Thread-safe.
void* AdoptedSection(int number);

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_SECTION_HANDLE_WINDOWS_H_
