#include "core/base/windows_error.h"

#include <windows.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <string>

#include "absl/strings/cord.h"
#include "core/base/concat.h"
#include "core/base/native_error.h"
#include "core/base/windows_text.h"

namespace hozen {
namespace {

struct Meaning {
  DWORD win32;
  int error_number;
};

constexpr Meaning kMeanings[] = {
    {ERROR_INVALID_FUNCTION, ENOSYS},
    {ERROR_FILE_NOT_FOUND, ENOENT},
    {ERROR_PATH_NOT_FOUND, ENOENT},
    {ERROR_TOO_MANY_OPEN_FILES, EMFILE},
    {ERROR_ACCESS_DENIED, EACCES},
    {ERROR_INVALID_HANDLE, EBADF},
    {ERROR_NOT_ENOUGH_MEMORY, ENOMEM},
    {ERROR_OUTOFMEMORY, ENOMEM},
    {ERROR_INVALID_DRIVE, ENOENT},
    {ERROR_NOT_SAME_DEVICE, EXDEV},
    {ERROR_WRITE_PROTECT, EROFS},
    {ERROR_WRONG_DISK, ENODEV},
    {ERROR_BAD_UNIT, ENODEV},
    {ERROR_NOT_READY, ENODEV},
    {ERROR_CRC, EIO},
    {ERROR_SEEK, EIO},
    {ERROR_NOT_DOS_DISK, EIO},
    {ERROR_SECTOR_NOT_FOUND, EIO},
    {ERROR_WRITE_FAULT, EIO},
    {ERROR_READ_FAULT, EIO},
    {ERROR_GEN_FAILURE, EIO},
    {ERROR_SHARING_VIOLATION, EBUSY},
    {ERROR_LOCK_VIOLATION, EBUSY},
    {ERROR_HANDLE_DISK_FULL, ENOSPC},
    {ERROR_NOT_SUPPORTED, ENOSYS},
    {ERROR_BAD_NETPATH, ENOENT},
    {ERROR_DEV_NOT_EXIST, ENODEV},
    {ERROR_NETWORK_ACCESS_DENIED, EACCES},
    {ERROR_BAD_NET_NAME, ENOENT},
    {ERROR_FILE_EXISTS, EEXIST},
    {ERROR_INVALID_PARAMETER, EINVAL},
    {ERROR_BROKEN_PIPE, EPIPE},
    {ERROR_DISK_FULL, ENOSPC},
    {ERROR_CALL_NOT_IMPLEMENTED, ENOSYS},
    {ERROR_SEM_TIMEOUT, ETIMEDOUT},
    {ERROR_INVALID_NAME, ENOENT},
    {ERROR_DIR_NOT_EMPTY, ENOTEMPTY},
    {ERROR_BAD_PATHNAME, ENOENT},
    {ERROR_BUSY, EBUSY},
    {ERROR_ALREADY_EXISTS, EEXIST},
    {ERROR_FILENAME_EXCED_RANGE, ENAMETOOLONG},
    {ERROR_FILE_TOO_LARGE, EFBIG},
    {ERROR_NO_DATA, EPIPE},
    {321 /* ERROR_DEVICE_UNREACHABLE */, ENODEV},
    {WAIT_TIMEOUT, ETIMEDOUT},
    {ERROR_DIRECTORY, ENOTDIR},
    {ERROR_DELETE_PENDING, ENOENT},
    {1295 /* ERROR_DISK_QUOTA_EXCEEDED, which mingw-w64 does not name */, ENOSPC},
    {433 /* ERROR_NO_SUCH_DEVICE */, ENODEV},
    {ERROR_UNRECOGNIZED_VOLUME, ENODEV},
    {ERROR_FILE_INVALID, ENODEV},  // of a volume that was taken away while it was open
    {ERROR_NO_MEDIA_IN_DRIVE, ENODEV},
    {ERROR_DEVICE_NOT_CONNECTED, ENODEV},
    {ERROR_DEVICE_REMOVED, ENODEV},
    {ERROR_IO_DEVICE, EIO},
    {ERROR_PRIVILEGE_NOT_HELD, EPERM},
    {ERROR_FILE_CORRUPT, EIO},
    {ERROR_DISK_CORRUPT, EIO},
    {ERROR_TIMEOUT, ETIMEDOUT},
    {ERROR_CANT_ACCESS_FILE, EACCES},
    {ERROR_CANT_RESOLVE_FILENAME, ELOOP},
};

std::string MessageOf(DWORD error) {
  constexpr DWORD kFlags = FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS | FORMAT_MESSAGE_MAX_WIDTH_MASK;
  wchar_t text[512];
  // English where the host has it, as the rest of a status is; else the host's own language.
  for (const DWORD language : {DWORD{MAKELANGID(LANG_ENGLISH, SUBLANG_ENGLISH_US)}, DWORD{0}}) {
    DWORD size = ::FormatMessageW(kFlags, nullptr, error, language, text, std::size(text), nullptr);
    while (size > 0 && (text[size - 1] == L' ' || text[size - 1] == L'.')) --size;
    if (size > 0) return Wtf8OfWide({text, size});
  }
  return "an error without a message";
}

}  // namespace

int ErrnoOfWin32(uint32_t error) {
  const auto* const found = std::find_if(std::begin(kMeanings), std::end(kMeanings),
                                         [&](const Meaning& each) { return each.win32 == error; });
  return found == std::end(kMeanings) ? 0 : found->error_number;
}

absl::Status Win32Status(uint32_t error, std::string_view what) {
  absl::Status status =
      SystemStatus(ErrnoOfWin32(error), Concat(what, ": ", MessageOf(error), " (Windows error ", error, ")"));
  status.SetPayload(kWin32ErrorPayload, absl::Cord(Concat(error)));
  return status;
}

}  // namespace hozen
