// The bits of FileMetadata.mode: POSIX st_mode as Linux numbers it, whatever the system that looks at it.
#ifndef HOZEN_CORE_EVIDENCE_FILE_MODE_H_
#define HOZEN_CORE_EVIDENCE_FILE_MODE_H_

#include <cstdint>

namespace hozen {

inline constexpr uint32_t kModeTypeMask = 0170000;
inline constexpr uint32_t kModeSocket = 0140000;
inline constexpr uint32_t kModeSymbolicLink = 0120000;
inline constexpr uint32_t kModeRegular = 0100000;
inline constexpr uint32_t kModeBlockDevice = 0060000;
inline constexpr uint32_t kModeFolder = 0040000;
inline constexpr uint32_t kModeCharacterDevice = 0020000;
inline constexpr uint32_t kModeFifo = 0010000;
inline constexpr uint32_t kModeSetUser = 0004000;
inline constexpr uint32_t kModeSetGroup = 0002000;
inline constexpr uint32_t kModeSticky = 0001000;

}  // namespace hozen

#endif  // HOZEN_CORE_EVIDENCE_FILE_MODE_H_
