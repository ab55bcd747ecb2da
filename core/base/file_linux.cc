#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <limits>
#include <system_error>
#include <utility>

#include "core/base/concat.h"
#include "core/base/file.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

using std::filesystem::path;

constexpr size_t kReadSizeBytes = 64 << 10;
// How often the temporary file may turn out to have been taken away between two calls before we give up.
constexpr int kTemporaryAttempts = 16;

absl::Status FileError(std::string_view doing, const path& file) {
  const int error_number = errno;
  return ErrnoStatus(error_number, Concat(doing, " ", file.native()));
}

absl::StatusOr<UniqueFd> Open(const path& file, int flags, mode_t mode, std::string_view doing) {
  int fd = -1;
  do {
    fd = ::open(file.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return FileError(doing, file);
  return UniqueFd(fd);
}

absl::Status Sync(int fd, const path& file) {
  // Never again after EIO: the kernel forgets the pages that it could not write, and a second call would say all is
  // well.
  int result = 0;
  do {
    result = ::fsync(fd);
  } while (result != 0 && errno == EINTR);
  if (result != 0) return FileError("syncing", file);
  return absl::OkStatus();
}

// True if `fd` is what stands at `file` now.
bool StandsAt(int fd, const path& file) {
  struct stat opened = {};
  struct stat standing = {};
  if (::fstat(fd, &opened) != 0 || ::lstat(file.c_str(), &standing) != 0) return false;
  return opened.st_dev == standing.st_dev && opened.st_ino == standing.st_ino;
}

// Takes a temporary file away that a process left behind when it died; the living hold a lock on theirs.
absl::Status RemoveStale(const path& temporary) {
  absl::StatusOr<UniqueFd> fd = Open(temporary, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, "opening");
  if (absl::IsNotFound(fd.status())) return absl::OkStatus();
  HOZEN_RETURN_IF_ERROR(fd.status());
  if (::flock(fd->get(), LOCK_EX | LOCK_NB) != 0) {
    return absl::UnavailableError(
        Concat(temporary.native(), " is being written by another process or thread; try again"));
  }
  if (!StandsAt(fd->get(), temporary)) return absl::OkStatus();
  if (::unlink(temporary.c_str()) != 0) return FileError("removing", temporary);
  return absl::OkStatus();
}

// A new empty file, locked until it is closed.
absl::StatusOr<UniqueFd> CreateTemporary(const path& temporary, unsigned mode) {
  for (int attempt = 0; attempt < kTemporaryAttempts; ++attempt) {
    absl::StatusOr<UniqueFd> fd = Open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600, "creating");
    if (absl::IsAlreadyExists(fd.status())) {
      HOZEN_RETURN_IF_ERROR(RemoveStale(temporary));
      continue;
    }
    HOZEN_RETURN_IF_ERROR(fd.status());
    // Whoever came between creating and locking took ours for a dead one's and removes it.
    if (::flock(fd->get(), LOCK_EX | LOCK_NB) != 0 || !StandsAt(fd->get(), temporary)) continue;
    // The creation's own mode goes through the umask; the caller's is meant.
    if (::fchmod(fd->get(), mode) != 0) {
      absl::Status status = FileError("setting the permissions of", temporary);
      ::unlink(temporary.c_str());
      return status;
    }
    return fd;
  }
  return absl::UnavailableError(Concat(temporary.native(), " is being written by others; try again"));
}

path FolderOf(const path& file) { return file.has_parent_path() ? file.parent_path() : path("."); }

absl::Status MakeFolder(const path& folder, unsigned mode) {
  if (::mkdir(folder.c_str(), 0700) != 0) {
    if (errno != EEXIST) return FileError("creating the folder", folder);
    struct stat info = {};
    if (::stat(folder.c_str(), &info) != 0) return FileError("looking at", folder);
    if (!S_ISDIR(info.st_mode)) return ErrnoStatus(ENOTDIR, Concat("creating the folder ", folder.native()));
    return absl::OkStatus();
  }
  if (::chmod(folder.c_str(), mode) != 0) return FileError("setting the permissions of", folder);
  return SyncFolder(FolderOf(folder));
}

}  // namespace

absl::StatusOr<std::string> ReadWholeFile(const path& file, uint64_t limit_bytes) {
  // O_NONBLOCK: a FIFO in the place of the file must not make us wait for a writer.
  HOZEN_ASSIGN_OR_RETURN(UniqueFd fd, Open(file, O_RDONLY | O_NONBLOCK, 0, "opening"));
  std::string bytes;
  for (;;) {
    // One byte more than allowed tells a file of exactly limit_bytes from a longer one. What the file system says
    // about the size decides nothing: /proc says 0, and files grow.
    const uint64_t room = limit_bytes - bytes.size();
    const size_t wanted = room < kReadSizeBytes ? static_cast<size_t>(room) + 1 : kReadSizeBytes;
    const size_t had = bytes.size();
    bytes.resize(had + wanted);
    const ssize_t got = ::read(fd.get(), bytes.data() + had, wanted);
    const int read_errno = errno;
    bytes.resize(had + std::max<ssize_t>(got, 0));
    if (got < 0 && read_errno == EINTR) continue;
    if (got < 0) return ErrnoStatus(read_errno, Concat("reading ", file.native()));
    if (got == 0) return bytes;
    if (bytes.size() > limit_bytes) {
      return absl::ResourceExhaustedError(Concat(file.native(), " is longer than ", limit_bytes, " bytes"));
    }
  }
}

absl::Status WriteFileAtomically(const path& file, std::string_view bytes, unsigned mode) {
  path temporary = file;
  temporary += ".tmp";
  HOZEN_ASSIGN_OR_RETURN(const UniqueFd fd, CreateTemporary(temporary, mode));
  absl::Status status = WithContext(WriteFully(fd.get(), bytes), temporary.native());
  if (status.ok()) status = Sync(fd.get(), temporary);
  // Renamed while it is open, because our lock keeps others from taking it for a dead process's until then.
  if (status.ok() && ::rename(temporary.c_str(), file.c_str()) != 0) status = FileError("renaming to", file);
  if (!status.ok()) {
    ::unlink(temporary.c_str());
    return status;
  }
  return SyncFolder(FolderOf(file));
}

absl::Status SyncFolder(const path& folder) {
  const path opened = folder.empty() ? path(".") : folder;
  HOZEN_ASSIGN_OR_RETURN(const UniqueFd fd, Open(opened, O_RDONLY | O_DIRECTORY, 0, "opening the folder"));
  return Sync(fd.get(), opened);
}

absl::Status WriteFully(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ErrnoStatus(errno, "writing");
    if (written == 0) return ErrnoStatus(EIO, "writing: the system took nothing");
    bytes.remove_prefix(written);
  }
  return absl::OkStatus();
}

absl::Status WriteFullyAt(int fd, std::string_view bytes, uint64_t offset_bytes) {
  constexpr uint64_t kLargestOffset = std::numeric_limits<off_t>::max();
  if (offset_bytes > kLargestOffset || bytes.size() > kLargestOffset - offset_bytes) {
    return ErrnoStatus(EFBIG, Concat("writing at byte ", offset_bytes));
  }
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset_bytes));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ErrnoStatus(errno, Concat("writing at byte ", offset_bytes));
    if (written == 0) return ErrnoStatus(EIO, Concat("writing at byte ", offset_bytes, ": nothing was taken"));
    bytes.remove_prefix(written);
    offset_bytes += written;
  }
  return absl::OkStatus();
}

void MakeNewFilesPrivate() { umask(S_IRWXG | S_IRWXO); }

absl::Status MakeFolders(const path& folder, unsigned mode) {
  path made;
  for (const path& part : folder) {
    if (part.empty()) continue;  // behind a trailing slash
    made /= part;
    if (made == made.root_path()) continue;
    HOZEN_RETURN_IF_ERROR(MakeFolder(made, mode));
  }
  return absl::OkStatus();
}

absl::StatusOr<UniqueFd> LockFile(const path& file) {
  HOZEN_ASSIGN_OR_RETURN(UniqueFd fd, Open(file, O_RDWR | O_CREAT | O_NOFOLLOW, 0600, "opening the lock"));
  int result = 0;
  do {
    result = ::flock(fd.get(), LOCK_EX | LOCK_NB);
  } while (result != 0 && errno == EINTR);
  if (result == 0) return fd;
  if (errno != EWOULDBLOCK) return FileError("locking", file);
  return absl::FailedPreconditionError(
      Concat(file.native(), " is locked: another process works on this folder; end it first"));
}

}  // namespace hozen
