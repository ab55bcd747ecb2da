#include <windows.h>

#include <algorithm>

#include "absl/time/clock.h"
#include "agent/platform/child_stream.h"
#include "core/base/status_macros.h"
#include "core/base/windows_error.h"
#include "core/base/windows_handle.h"

namespace hozen {
namespace {

constexpr size_t kPieceBytes = 64 << 10;

absl::Status ErrorOf(DWORD error, std::string_view doing) {
  if (error == ERROR_BROKEN_PIPE || error == ERROR_NO_DATA || error == ERROR_PIPE_NOT_CONNECTED ||
      error == ERROR_HANDLE_EOF) {
    return absl::UnavailableError("The other side has gone");
  }
  return Win32Status(error, doing);
}

DWORD MillisecondsUntil(absl::Time deadline) {
  return static_cast<DWORD>(std::clamp<int64_t>(absl::ToInt64Milliseconds(deadline - absl::Now()), 0, 0x7FFFFFFF));
}

// One read or write of the agent's end, which is opened for overlapped calls. `start` begins it.
template <typename Start>
absl::StatusOr<DWORD> Overlapped(HANDLE handle, absl::Time deadline, std::string_view doing, const Start& start) {
  const WindowsHandle event(::CreateEventW(nullptr, TRUE, FALSE, nullptr));
  if (!event.valid()) return Win32Status(::GetLastError(), doing);
  OVERLAPPED overlapped = {};
  overlapped.hEvent = event.get();
  if (!start(&overlapped)) {
    const DWORD error = ::GetLastError();
    if (error != ERROR_IO_PENDING) return ErrorOf(error, doing);
  }
  const bool late = ::WaitForSingleObject(event.get(), MillisecondsUntil(deadline)) != WAIT_OBJECT_0;
  if (late) ::CancelIoEx(handle, &overlapped);
  // Waits for what was cancelled too: until then the system may use the structure.
  DWORD size = 0;
  const bool done = ::GetOverlappedResult(handle, &overlapped, &size, TRUE) != 0;
  if (done) return size;
  if (late) return absl::DeadlineExceededError("The other side does not answer");
  return ErrorOf(::GetLastError(), doing);
}

}  // namespace

// The child, whose end is a plain one, waits for ever; the agent never does.
absl::Status WriteAllToStream(int fd, std::string_view bytes, absl::Time deadline) {
  HANDLE const handle = HandleOf(fd);
  while (!bytes.empty()) {
    const DWORD piece = static_cast<DWORD>(std::min(bytes.size(), kPieceBytes));
    DWORD size = 0;
    if (deadline == absl::InfiniteFuture()) {
      if (!::WriteFile(handle, bytes.data(), piece, &size, nullptr)) {
        return ErrorOf(::GetLastError(), "Writing to the other side");
      }
    } else {
      HOZEN_ASSIGN_OR_RETURN(size, Overlapped(handle, deadline, "Writing to the other side", [&](OVERLAPPED* o) {
                               return ::WriteFile(handle, bytes.data(), piece, nullptr, o) != 0;
                             }));
    }
    bytes.remove_prefix(size);
  }
  return absl::OkStatus();
}

absl::Status ReadAllFromStream(int fd, char* buffer, size_t wanted, absl::Time deadline) {
  HANDLE const handle = HandleOf(fd);
  while (wanted > 0) {
    const DWORD piece = static_cast<DWORD>(std::min(wanted, kPieceBytes));
    DWORD size = 0;
    if (deadline == absl::InfiniteFuture()) {
      if (!::ReadFile(handle, buffer, piece, &size, nullptr)) {
        return ErrorOf(::GetLastError(), "Reading from the other side");
      }
    } else {
      HOZEN_ASSIGN_OR_RETURN(size, Overlapped(handle, deadline, "Reading from the other side", [&](OVERLAPPED* o) {
                               return ::ReadFile(handle, buffer, piece, nullptr, o) != 0;
                             }));
    }
    if (size == 0) return absl::UnavailableError("The other side has gone");
    buffer += size;
    wanted -= size;
  }
  return absl::OkStatus();
}

}  // namespace hozen
