// A system's errors where it has more than one set of numbers: see status_context.h.
#ifndef HOZEN_CORE_BASE_NATIVE_ERROR_H_
#define HOZEN_CORE_BASE_NATIVE_ERROR_H_

#include <cerrno>
#include <string_view>

#include "absl/status/status.h"

namespace hozen {

// A file that its server no longer knows. On Windows nothing says so, and nothing equals this.
#ifdef ESTALE
inline constexpr int kStaleFileError = ESTALE;
#else
inline constexpr int kStaleFileError = -1;
#endif

// As ErrnoStatus, with words of the caller's own in place of strerror's. An error_number of 0 stands for none.
absl::Status SystemStatus(int error_number, std::string_view message);

// The number that the system itself gave: GetLastError's where it was Win32 that failed, else as SystemErrorOf.
int NativeErrorOf(const absl::Status& status);
inline constexpr char kWin32ErrorPayload[] = "hozen/win32";

}  // namespace hozen

#endif  // HOZEN_CORE_BASE_NATIVE_ERROR_H_
