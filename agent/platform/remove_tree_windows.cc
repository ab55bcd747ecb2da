#include "agent/platform/remove_tree_windows.h"

#include <windows.h>
// After windows.h.
#include <winternl.h>

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "agent/platform/file_access.h"
#include "core/base/path_text.h"
#include "core/base/status_macros.h"
#include "core/base/unique_fd.h"
#include "core/base/windows_error.h"
#include "core/base/windows_handle.h"
#include "core/base/windows_text.h"

namespace hozen {
namespace {

constexpr DWORD kShareAll = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
constexpr ACCESS_MASK kRemove = DELETE | FILE_READ_ATTRIBUTES | SYNCHRONIZE;
// Deeper than anything of ours; what somebody else has made does not use up our stack.
constexpr int kMostLevels = 64;
constexpr size_t kPrefixSize = 4;  // "\\?\" here, "\??\" in the kernel

absl::Status LastError(const std::filesystem::path& path) { return Win32Status(::GetLastError(), PathText(path)); }

absl::StatusOr<WindowsHandle> OpenBelow(HANDLE folder, const std::filesystem::path& path, ACCESS_MASK access) {
  std::wstring name = path.filename().wstring();
  UNICODE_STRING text = {};
  text.Buffer = name.data();
  text.Length = text.MaximumLength = static_cast<USHORT>(name.size() * sizeof(wchar_t));
  OBJECT_ATTRIBUTES attributes = {};
  InitializeObjectAttributes(&attributes, &text, 0, folder, nullptr);
  IO_STATUS_BLOCK block = {};
  HANDLE handle = nullptr;
  const NTSTATUS status =
      ::NtOpenFile(&handle, access, &attributes, &block, kShareAll,
                   FILE_OPEN_REPARSE_POINT | FILE_SYNCHRONOUS_IO_NONALERT | FILE_OPEN_FOR_BACKUP_INTENT);
  if (status < 0) return Win32Status(::RtlNtStatusToDosError(status), PathText(path));
  return WindowsHandle(handle);
}

bool IsFolderItself(HANDLE handle) {
  BY_HANDLE_FILE_INFORMATION facts = {};
  return ::GetFileInformationByHandle(handle, &facts) && (facts.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0 &&
         (facts.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) == 0;
}

void Remove(WindowsHandle handle, const std::filesystem::path& path, bool may_enter, int level,
            std::vector<Leftover>& left);

absl::Status RemoveEntries(HANDLE folder, const std::filesystem::path& path, int level, std::vector<Leftover>& left) {
  // The reader takes a descriptor, which owns its handle.
  HANDLE copy = nullptr;
  if (!::DuplicateHandle(::GetCurrentProcess(), folder, ::GetCurrentProcess(), &copy, 0, FALSE,
                         DUPLICATE_SAME_ACCESS)) {
    return LastError(path);
  }
  HOZEN_ASSIGN_OR_RETURN(const UniqueFd fd, FdOf(WindowsHandle(copy)));
  FolderReader reader(fd.get());
  while (true) {
    HOZEN_ASSIGN_OR_RETURN(const std::vector<FolderEntry> entries, reader.Next());
    if (entries.empty()) return absl::OkStatus();
    for (const FolderEntry& entry : entries) {
      const std::filesystem::path below = path / PathOf(entry.name);
      const bool may_enter = entry.type == FileType::kFolder;
      absl::StatusOr<WindowsHandle> handle = OpenBelow(folder, below, kRemove | (may_enter ? FILE_LIST_DIRECTORY : 0));
      if (handle.ok()) {
        Remove(*std::move(handle), below, may_enter, level + 1, left);
      } else if (!absl::IsNotFound(handle.status())) {
        left.push_back({below, handle.status()});
      }
    }
  }
}

// `may_enter`: its name is not that of a link, which wine's handles do not tell.
void Remove(WindowsHandle handle, const std::filesystem::path& path, bool may_enter, int level,
            std::vector<Leftover>& left) {
  absl::Status emptied;
  if (may_enter && level < kMostLevels && IsFolderItself(handle.get())) {
    emptied = RemoveEntries(handle.get(), path, level, left);
  }
  FILE_DISPOSITION_INFO gone = {TRUE};
  if (::SetFileInformationByHandle(handle.get(), FileDispositionInfo, &gone, sizeof(gone))) return;
  left.push_back({path, emptied.ok() ? LastError(path) : emptied});
}

}  // namespace

std::vector<Leftover> RemoveTree(const std::filesystem::path& folder) {
  std::vector<Leftover> left;
  const std::wstring name = ExtendedPath(folder);
  const DWORD attributes = ::GetFileAttributesW(name.c_str());
  WindowsHandle handle(::CreateFileW(name.c_str(), kRemove | FILE_LIST_DIRECTORY, kShareAll, nullptr, OPEN_EXISTING,
                                     FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, nullptr));
  if (handle.valid()) {
    Remove(std::move(handle), folder, (attributes & FILE_ATTRIBUTE_REPARSE_POINT) == 0, 0, left);
  } else if (absl::Status why = LastError(folder); !absl::IsNotFound(why)) {
    left.push_back({folder, std::move(why)});
  }
  return left;
}

absl::Status RemoveAtNextStart(const std::filesystem::path& path) {
  if (::MoveFileExW(ExtendedPath(path).c_str(), nullptr, MOVEFILE_DELAY_UNTIL_REBOOT)) return absl::OkStatus();
  return LastError(path);
}

bool GoesAtNextStart(const std::filesystem::path& folder) {
  constexpr wchar_t kKey[] = L"SYSTEM\\CurrentControlSet\\Control\\Session Manager";
  constexpr wchar_t kValue[] = L"PendingFileRenameOperations";
  DWORD size = 0;
  ::RegGetValueW(HKEY_LOCAL_MACHINE, kKey, kValue, RRF_RT_REG_MULTI_SZ, nullptr, nullptr, &size);
  std::wstring texts(size / sizeof(wchar_t), L'\0');
  if (texts.empty() || ::RegGetValueW(HKEY_LOCAL_MACHINE, kKey, kValue, RRF_RT_REG_MULTI_SZ, nullptr, texts.data(),
                                      &size) != ERROR_SUCCESS) {
    return false;
  }
  // Old name, "\??\C:\...", and new name in turn, which is empty for what is removed.
  const std::wstring wanted = ExtendedPath(folder).substr(kPrefixSize);
  for (size_t at = 0; at < texts.size(); at = texts.find(L'\0', at) + 1) {
    const std::wstring name = texts.c_str() + at;
    if (name.size() < kPrefixSize + wanted.size()) continue;
    const wchar_t after = name.c_str()[kPrefixSize + wanted.size()];
    if ((after == L'\0' || after == L'\\') &&
        ::CompareStringOrdinal(name.c_str() + kPrefixSize, static_cast<int>(wanted.size()), wanted.c_str(),
                               static_cast<int>(wanted.size()), TRUE) == CSTR_EQUAL) {
      return true;
    }
  }
  return false;
}

}  // namespace hozen
