#include <fcntl.h>
#include <io.h>
#include <windows.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/concat.h"
#include "core/base/file.h"
#include "core/base/path_text.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/base/windows_error.h"
#include "core/base/windows_handle.h"
#include "core/base/windows_text.h"

namespace hozen {
namespace {

using std::filesystem::path;

constexpr DWORD kReadSizeBytes = 64 << 10;
constexpr size_t kLargestWriteBytes = 1 << 20;
constexpr DWORD kShareAll = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
// Virus scanners and indexers open what has just been written, for a moment, and not always so that it can be renamed.
constexpr int kRenameAttempts = 50;
constexpr absl::Duration kRenamePause = absl::Milliseconds(20);
constexpr int kTemporaryAttempts = 16;

// The constants of newer systems that mingw-w64's headers may lack.
constexpr auto kFileRenameInfoEx = static_cast<FILE_INFO_BY_HANDLE_CLASS>(22);
constexpr DWORD kReplaceIfExists = 1;
constexpr DWORD kPosixSemantics = 2;

absl::Status FileError(std::string_view doing, const path& file, DWORD error = ::GetLastError()) {
  return Win32Status(error, Concat(doing, " ", PathText(file)));
}

struct Opening {
  DWORD access = 0;
  DWORD share = kShareAll;
  DWORD disposition = OPEN_EXISTING;
  DWORD flags = 0;
  bool is_private = false;
};

absl::StatusOr<WindowsHandle> Open(const path& file, const Opening& opening, std::string_view doing) {
  const LocalMemory descriptor = opening.is_private ? PrivateDescriptor() : nullptr;
  if (opening.is_private && descriptor == nullptr) return FileError("making an access list for", file);
  SECURITY_ATTRIBUTES attributes = {sizeof(attributes), descriptor.get(), FALSE};
  WindowsHandle handle(::CreateFileW(ExtendedPath(file).c_str(), opening.access, opening.share, &attributes,
                                     opening.disposition, opening.flags, nullptr));
  if (!handle.valid()) return FileError(doing, file);
  return handle;
}

bool IsFolder(DWORD attributes) {
  return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
}

bool IsForItsOwnerAlone(unsigned mode) { return (mode & 0077) == 0; }

// Takes a temporary file away that a process left behind when it died; the living keep theirs from being deleted.
absl::Status RemoveStale(const path& temporary) {
  const absl::StatusOr<WindowsHandle> handle =
      Open(temporary, {DELETE, 0, OPEN_EXISTING, FILE_FLAG_OPEN_REPARSE_POINT | FILE_FLAG_DELETE_ON_CLOSE}, "removing");
  if (handle.ok() || absl::IsNotFound(handle.status())) return absl::OkStatus();
  if (SystemErrorOf(handle.status()) != EBUSY) return handle.status();
  return absl::UnavailableError(
      Concat(PathText(temporary), " is being written by another process or thread; try again"));
}

// A new empty file that nobody else can write or delete until it is closed.
absl::StatusOr<WindowsHandle> CreateTemporary(const path& temporary, unsigned mode) {
  for (int attempt = 0; attempt < kTemporaryAttempts; ++attempt) {
    absl::StatusOr<WindowsHandle> handle =
        Open(temporary,
             {GENERIC_READ | GENERIC_WRITE | DELETE, FILE_SHARE_READ, CREATE_NEW,
              FILE_ATTRIBUTE_NORMAL | FILE_FLAG_OPEN_REPARSE_POINT, IsForItsOwnerAlone(mode)},
             "creating");
    if (!absl::IsAlreadyExists(handle.status())) return handle;
    HOZEN_RETURN_IF_ERROR(RemoveStale(temporary));
  }
  return absl::UnavailableError(Concat(PathText(temporary), " is being written by others; try again"));
}

absl::Status WriteTo(HANDLE handle, std::string_view bytes, OVERLAPPED* position, std::string_view doing) {
  while (!bytes.empty()) {
    DWORD written = 0;
    const DWORD wanted = static_cast<DWORD>(std::min(bytes.size(), kLargestWriteBytes));
    if (!::WriteFile(handle, bytes.data(), wanted, &written, position)) return Win32Status(::GetLastError(), doing);
    if (written == 0) return ErrnoStatus(EIO, Concat(doing, ": the system took nothing"));
    bytes.remove_prefix(written);
    if (position == nullptr) continue;
    const uint64_t next = (uint64_t{position->OffsetHigh} << 32 | position->Offset) + written;
    position->Offset = static_cast<DWORD>(next);
    position->OffsetHigh = static_cast<DWORD>(next >> 32);
  }
  return absl::OkStatus();
}

absl::Status Sync(HANDLE handle, const path& file) {
  if (!::FlushFileBuffers(handle)) return FileError("syncing", file);
  return absl::OkStatus();
}

// FILE_RENAME_INFO with room for the name.
std::vector<char> RenameRequest(const std::wstring& target, DWORD flags) {
  const size_t name_size = target.size() * sizeof(wchar_t);
  std::vector<char> bytes(sizeof(FILE_RENAME_INFO) + name_size);
  auto* const request = reinterpret_cast<FILE_RENAME_INFO*>(bytes.data());
  // In the newer call's structure the flags stand where ReplaceIfExists does, and its lowest bit means the same.
  std::memcpy(bytes.data(), &flags, sizeof(flags));
  request->FileNameLength = static_cast<DWORD>(name_size);
  std::memcpy(request->FileName, target.data(), name_size);
  return bytes;
}

bool Rename(HANDLE handle, const std::wstring& target) {
  // A name that others still read can be given to another file only in this way, which Windows 10 has from 1709 on.
  std::vector<char> request = RenameRequest(target, kReplaceIfExists | kPosixSemantics);
  if (::SetFileInformationByHandle(handle, kFileRenameInfoEx, request.data(), static_cast<DWORD>(request.size()))) {
    return true;
  }
  const DWORD error = ::GetLastError();
  if (error != ERROR_INVALID_PARAMETER && error != ERROR_NOT_SUPPORTED && error != ERROR_INVALID_FUNCTION &&
      error != ERROR_CALL_NOT_IMPLEMENTED && error != ERROR_INVALID_LEVEL) {
    return false;
  }
  request = RenameRequest(target, kReplaceIfExists);
  return ::SetFileInformationByHandle(handle, FileRenameInfo, request.data(), static_cast<DWORD>(request.size())) != 0;
}

absl::Status RenameOver(HANDLE handle, const path& file) {
  const std::wstring target = ExtendedPath(file);
  if (IsFolder(::GetFileAttributesW(target.c_str())))
    return ErrnoStatus(EISDIR, Concat("renaming to ", PathText(file)));
  for (int attempt = 1; !Rename(handle, target); ++attempt) {
    const DWORD error = ::GetLastError();
    const bool held = error == ERROR_ACCESS_DENIED || error == ERROR_SHARING_VIOLATION;
    if (!held || attempt == kRenameAttempts) return FileError("renaming to", file, error);
    absl::SleepFor(kRenamePause);
  }
  return absl::OkStatus();
}

path FolderOf(const path& file) { return file.has_parent_path() ? file.parent_path() : path("."); }

absl::Status MakeFolder(const path& folder, unsigned mode) {
  const std::wstring name = ExtendedPath(folder);
  const LocalMemory descriptor = IsForItsOwnerAlone(mode) ? PrivateDescriptor() : nullptr;
  if (IsForItsOwnerAlone(mode) && descriptor == nullptr) return FileError("making an access list for", folder);
  SECURITY_ATTRIBUTES attributes = {sizeof(attributes), descriptor.get(), FALSE};
  if (::CreateDirectoryW(name.c_str(), &attributes)) return SyncFolder(FolderOf(folder));
  const DWORD error = ::GetLastError();
  const DWORD found = ::GetFileAttributesW(name.c_str());
  if (found == INVALID_FILE_ATTRIBUTES) return FileError("creating the folder", folder, error);
  if (!IsFolder(found)) return ErrnoStatus(ENOTDIR, Concat("creating the folder ", PathText(folder)));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ReadWholeFile(const path& file, uint64_t limit_bytes) {
  if (IsFolder(::GetFileAttributesW(ExtendedPath(file).c_str()))) {
    return ErrnoStatus(EISDIR, Concat("reading ", PathText(file)));
  }
  HOZEN_ASSIGN_OR_RETURN(const WindowsHandle handle,
                         Open(file, {GENERIC_READ, kShareAll, OPEN_EXISTING, FILE_FLAG_SEQUENTIAL_SCAN}, "opening"));
  std::string bytes;
  for (;;) {
    // One byte more than allowed tells a file of exactly limit_bytes from a longer one, which may grow.
    const uint64_t room = limit_bytes - bytes.size();
    const DWORD wanted = room < kReadSizeBytes ? static_cast<DWORD>(room) + 1 : kReadSizeBytes;
    const size_t had = bytes.size();
    bytes.resize(had + wanted);
    DWORD got = 0;
    const bool read = ::ReadFile(handle.get(), bytes.data() + had, wanted, &got, nullptr) != 0;
    const DWORD error = ::GetLastError();
    bytes.resize(had + (read ? got : 0));
    // A pipe whose writer has gone has ended, as a file has.
    if (!read && error == ERROR_BROKEN_PIPE) return bytes;
    if (!read) return FileError("reading", file, error);
    if (got == 0) return bytes;
    if (bytes.size() > limit_bytes) {
      return absl::ResourceExhaustedError(Concat(PathText(file), " is longer than ", limit_bytes, " bytes"));
    }
  }
}

absl::Status WriteFileAtomically(const path& file, std::string_view bytes, unsigned mode) {
  path temporary = file;
  temporary += ".tmp";
  HOZEN_ASSIGN_OR_RETURN(const WindowsHandle handle, CreateTemporary(temporary, mode));
  absl::Status status = WriteTo(handle.get(), bytes, nullptr, Concat(PathText(temporary), ": writing"));
  if (status.ok()) status = Sync(handle.get(), temporary);
  // Renamed while it is open, because that keeps others from taking it for a dead process's until then.
  if (status.ok()) status = RenameOver(handle.get(), file);
  if (!status.ok()) {
    FILE_DISPOSITION_INFO gone = {TRUE};
    ::SetFileInformationByHandle(handle.get(), FileDispositionInfo, &gone, sizeof(gone));
    return status;
  }
  // NTFS writes what happened to a file's name with the file: the handle that renamed it makes that durable.
  return Sync(handle.get(), file);
}

absl::Status SyncFolder(const path& folder) {
  const path opened = folder.empty() ? path(".") : folder;
  const DWORD attributes = ::GetFileAttributesW(ExtendedPath(opened).c_str());
  if (attributes == INVALID_FILE_ATTRIBUTES) return FileError("opening the folder", opened);
  if (!IsFolder(attributes)) return ErrnoStatus(ENOTDIR, Concat("opening the folder ", PathText(opened)));
  const absl::StatusOr<WindowsHandle> handle =
      Open(opened, {FILE_ADD_FILE, kShareAll, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS}, "opening the folder");
  // Whoever may not write a folder has made nothing in it. A file system that does not flush folders (FAT writes them
  // through, a remote one keeps them elsewhere) refuses the call.
  if (!handle.ok()) return SystemErrorOf(handle.status()) == EACCES ? absl::OkStatus() : handle.status();
  if (::FlushFileBuffers(handle->get())) return absl::OkStatus();
  const DWORD error = ::GetLastError();
  const bool cannot = error == ERROR_ACCESS_DENIED || error == ERROR_INVALID_FUNCTION ||
                      error == ERROR_INVALID_HANDLE || error == ERROR_NOT_SUPPORTED || error == ERROR_INVALID_PARAMETER;
  return cannot ? absl::OkStatus() : FileError("syncing", opened, error);
}

absl::Status WriteFully(int fd, std::string_view bytes) { return WriteTo(HandleOf(fd), bytes, nullptr, "writing"); }

absl::Status WriteFullyAt(int fd, std::string_view bytes, uint64_t offset_bytes) {
  constexpr uint64_t kLargestOffset = std::numeric_limits<int64_t>::max();
  const std::string doing = Concat("writing at byte ", offset_bytes);
  if (offset_bytes > kLargestOffset || bytes.size() > kLargestOffset - offset_bytes) return ErrnoStatus(EFBIG, doing);
  OVERLAPPED position = {};
  position.Offset = static_cast<DWORD>(offset_bytes);
  position.OffsetHigh = static_cast<DWORD>(offset_bytes >> 32);
  return WriteTo(HandleOf(fd), bytes, &position, doing);
}

void MakeNewFilesPrivate() {
  const LocalMemory descriptor = PrivateDescriptor();
  BOOL present = FALSE;
  BOOL defaulted = FALSE;
  TOKEN_DEFAULT_DACL information = {};
  HANDLE token = nullptr;
  // What the token says counts only where a folder leaves nothing to what is made in it; ours, made by MakeFolders,
  // leave the same.
  if (descriptor == nullptr ||
      !::GetSecurityDescriptorDacl(descriptor.get(), &present, &information.DefaultDacl, &defaulted) || !present ||
      !::OpenProcessToken(::GetCurrentProcess(), TOKEN_ADJUST_DEFAULT, &token)) {
    return;
  }
  const WindowsHandle owned(token);
  ::SetTokenInformation(token, TokenDefaultDacl, &information, sizeof(information));
}

absl::Status MakeFolders(const path& folder, unsigned mode) {
  path made;
  for (const path& part : folder) {
    if (part.empty()) continue;  // behind a trailing separator
    made /= part;
    // "C:" alone would be whatever folder is current there.
    if (made == made.root_name() || made == made.root_path()) continue;
    HOZEN_RETURN_IF_ERROR(MakeFolder(made, mode));
  }
  return absl::OkStatus();
}

absl::StatusOr<UniqueFd> LockFile(const path& file) {
  HOZEN_ASSIGN_OR_RETURN(WindowsHandle handle,
                         Open(file,
                              {GENERIC_READ | GENERIC_WRITE, kShareAll, OPEN_ALWAYS,
                               FILE_ATTRIBUTE_NORMAL | FILE_FLAG_OPEN_REPARSE_POINT, /*is_private=*/true},
                              "opening the lock"));
  // A lock of Windows keeps others from the bytes themselves, so it lies where no file has any.
  OVERLAPPED position = {};
  position.OffsetHigh = 0x40000000;
  if (::LockFileEx(handle.get(), LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &position)) {
    return FdOf(std::move(handle));
  }
  const DWORD error = ::GetLastError();
  if (error != ERROR_LOCK_VIOLATION && error != ERROR_IO_PENDING) return FileError("locking", file, error);
  return absl::FailedPreconditionError(
      Concat(PathText(file), " is locked: another process works on this folder; end it first"));
}

}  // namespace hozen
