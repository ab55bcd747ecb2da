#include <windows.h>

#include <utility>

#include "agent/platform/descriptor.h"
#include "core/base/concat.h"
#include "core/base/path_text.h"
#include "core/base/windows_error.h"
#include "core/base/windows_handle.h"
#include "core/base/windows_text.h"
#include "core/bytes/source.h"

namespace hozen {
namespace {

constexpr DWORD kShareAll = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
constexpr int64_t kUnixEpoch = 116'444'736'000'000'000;  // in 100 ns since 1601

}  // namespace

absl::StatusOr<size_t> ReadDescriptor(int fd, uint64_t offset_bytes, absl::Span<char> buffer) {
  // The source would close what it is given; this one is the caller's.
  const std::unique_ptr<Source> source = NewFdSource(DuplicateDescriptor(fd), offset_bytes + buffer.size());
  return source->ReadAt(offset_bytes, buffer);
}

absl::StatusOr<UniqueFd> OpenToRead(const std::filesystem::path& file) {
  WindowsHandle handle(::CreateFileW(ExtendedPath(file).c_str(), GENERIC_READ, kShareAll, nullptr, OPEN_EXISTING,
                                     FILE_FLAG_OPEN_REPARSE_POINT, nullptr));
  if (!handle.valid()) return Win32Status(::GetLastError(), Concat("open ", PathText(file)));
  return FdOf(std::move(handle));
}

absl::StatusOr<UniqueFd> OpenToAppend(const std::filesystem::path& file) {
  const LocalMemory descriptor = PrivateDescriptor();
  if (descriptor == nullptr) {
    return Win32Status(::GetLastError(), Concat("making an access list for ", PathText(file)));
  }
  SECURITY_ATTRIBUTES attributes = {sizeof(attributes), descriptor.get(), FALSE};
  // Not FILE_APPEND_DATA alone: it may not be cut then. There is one writer, and it stands at the end.
  WindowsHandle handle(::CreateFileW(ExtendedPath(file).c_str(), GENERIC_READ | GENERIC_WRITE,
                                     FILE_SHARE_READ | FILE_SHARE_DELETE, &attributes, OPEN_ALWAYS,
                                     FILE_ATTRIBUTE_NORMAL | FILE_FLAG_OPEN_REPARSE_POINT, nullptr));
  LARGE_INTEGER none = {};
  if (!handle.valid() || !::SetFilePointerEx(handle.get(), none, nullptr, FILE_END)) {
    return Win32Status(::GetLastError(), Concat("open ", PathText(file)));
  }
  return FdOf(std::move(handle));
}

absl::Status CutDescriptor(int fd, uint64_t size_bytes) {
  LARGE_INTEGER end = {};
  end.QuadPart = static_cast<LONGLONG>(size_bytes);
  if (!::SetFilePointerEx(HandleOf(fd), end, nullptr, FILE_BEGIN) || !::SetEndOfFile(HandleOf(fd))) {
    return Win32Status(::GetLastError(), "cut a file");
  }
  return absl::OkStatus();
}

absl::Status SyncDescriptor(int fd) {
  if (!::FlushFileBuffers(HandleOf(fd))) return Win32Status(::GetLastError(), "sync");
  return absl::OkStatus();
}

UniqueFd DuplicateDescriptor(int fd) {
  HANDLE copy = nullptr;
  HANDLE const process = ::GetCurrentProcess();
  if (!::DuplicateHandle(process, HandleOf(fd), process, &copy, 0, FALSE, DUPLICATE_SAME_ACCESS)) return UniqueFd();
  absl::StatusOr<UniqueFd> duplicate = FdOf(WindowsHandle(copy));
  return duplicate.ok() ? *std::move(duplicate) : UniqueFd();
}

DescriptorState StateOfDescriptor(int fd) {
  BY_HANDLE_FILE_INFORMATION now = {};
  if (!::GetFileInformationByHandle(HandleOf(fd), &now)) return {};
  const FILETIME& written = now.ftLastWriteTime;
  return {.size_bytes = uint64_t{now.nFileSizeHigh} << 32 | now.nFileSizeLow,
          .modified_unix_ns = ((int64_t{written.dwHighDateTime} << 32 | written.dwLowDateTime) - kUnixEpoch) * 100};
}

}  // namespace hozen
