// What Win32 says went wrong, in the house's terms. For *_windows.cc files alone.
#ifndef HOZEN_CORE_BASE_WINDOWS_ERROR_H_
#define HOZEN_CORE_BASE_WINDOWS_ERROR_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

namespace hozen {

// The errno that stands for an error of GetLastError; 0 where none does. A file that another process keeps to itself is
// EBUSY: it is there, we may have it, but not now.
int ErrnoOfWin32(uint32_t error);

// As ErrnoStatus of that errno, in the system's own words: "<what>: <message> (Windows error 32)". Both are
// thread-safe.
absl::Status Win32Status(uint32_t error, std::string_view what);

}  // namespace hozen

#endif  // HOZEN_CORE_BASE_WINDOWS_ERROR_H_
