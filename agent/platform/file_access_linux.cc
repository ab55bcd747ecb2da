#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "agent/platform/file_access.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr size_t kFolderBufferBytes = 16 << 10;
constexpr unsigned kWanted = STATX_BASIC_STATS | STATX_BTIME;

// As getdents64(2) lays it out; the C library has no name for it.
struct RawEntry {
  uint64_t inode;
  int64_t offset;
  uint16_t size_bytes;
  uint8_t type;
  char name[];
};

int64_t UnixNs(const statx_timestamp& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; }

v1::FileMetadata MetadataOf(const struct statx& found) {
  v1::FileMetadata metadata;
  metadata.set_mode(found.stx_mode);
  metadata.set_uid(found.stx_uid);
  metadata.set_gid(found.stx_gid);
  metadata.set_links(found.stx_nlink);
  metadata.set_inode(found.stx_ino);
  metadata.set_device(makedev(found.stx_dev_major, found.stx_dev_minor));
  metadata.set_size_bytes(found.stx_size);
  metadata.set_allocated_bytes(found.stx_blocks * 512);
  if ((found.stx_mask & STATX_MTIME) != 0) metadata.set_modified_unix_ns(UnixNs(found.stx_mtime));
  if ((found.stx_mask & STATX_ATIME) != 0) metadata.set_accessed_unix_ns(UnixNs(found.stx_atime));
  if ((found.stx_mask & STATX_CTIME) != 0) metadata.set_changed_unix_ns(UnixNs(found.stx_ctime));
  if ((found.stx_mask & STATX_BTIME) != 0) metadata.set_born_unix_ns(UnixNs(found.stx_btime));
  return metadata;
}

absl::StatusOr<v1::FileMetadata> StatOpen(int fd, const std::string& name) {
  struct statx found = {};
  if (statx(fd, "", AT_EMPTY_PATH, kWanted, &found) != 0) return ErrnoStatus(errno, Printable(name));
  return MetadataOf(found);
}

// Only the owner of a file and root may ask for O_NOATIME; who may not still may read.
absl::StatusOr<OpenedFile> OpenBelow(int folder, const std::string& name, int flags) {
  OpenedFile file;
  flags |= O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  file.fd.Reset(openat(folder, name.c_str(), flags | O_NOATIME));
  if (!file.fd.valid() && errno == EPERM) {
    file.fd.Reset(openat(folder, name.c_str(), flags));
    file.access_time_kept = false;
  }
  if (!file.fd.valid()) {
    const int error = errno;
    const absl::Status status = ErrnoStatus(error, Printable(name));
    // The contract promises one code for "it is not what it was".
    if (error != ELOOP && error != ENOTDIR) return status;
    absl::Status changed(absl::StatusCode::kFailedPrecondition, status.message());
    status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) { changed.SetPayload(url, payload); });
    return changed;
  }
  HOZEN_ASSIGN_OR_RETURN(file.metadata, StatOpen(file.fd.get(), name));
  return file;
}

FileType TypeOfMode(uint32_t mode) {
  if (S_ISREG(mode)) return FileType::kRegular;
  if (S_ISDIR(mode)) return FileType::kFolder;
  if (S_ISLNK(mode)) return FileType::kSymbolicLink;
  return FileType::kOther;
}

}  // namespace

FileType FileTypeOf(const v1::FileMetadata& metadata) { return TypeOfMode(metadata.mode()); }

absl::StatusOr<OpenedFile> OpenRootFolder(const std::string& root) {
  return OpenBelow(AT_FDCWD, root.empty() ? "/" : root, O_DIRECTORY);
}

absl::StatusOr<v1::FileMetadata> StatEntry(int folder, const std::string& name) {
  struct statx found = {};
  if (statx(folder, name.c_str(), AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, kWanted, &found) != 0) {
    return ErrnoStatus(errno, Printable(name));
  }
  return MetadataOf(found);
}

// A link's target has no length that could be trusted beforehand.
absl::StatusOr<DescribedEntry> DescribeEntry(int folder, const std::string& name) {
  DescribedEntry entry;
  HOZEN_ASSIGN_OR_RETURN(entry.metadata, StatEntry(folder, name));
  entry.name = name;
  return entry;
}

absl::StatusOr<OpenedFile> OpenNamedStream(int /*folder*/, const std::string& name, const std::string& stream) {
  return ErrnoStatus(ENOENT, Concat(Printable(name), ":", Printable(stream)));
}

absl::StatusOr<std::string> ReadLinkTarget(int folder, const std::string& name) {
  std::string target(PATH_MAX, '\0');
  const ssize_t size = readlinkat(folder, name.c_str(), target.data(), target.size());
  if (size < 0) return ErrnoStatus(errno, Concat("Reading the link ", Printable(name)));
  target.resize(static_cast<size_t>(size));
  return target;
}

absl::StatusOr<OpenedFile> OpenRegularFile(int folder, const std::string& name) {
  // Looked at first, because opening a device may rewind a tape or start a watchdog. Who swaps it in between gains
  // nothing but that: the descriptor is looked at again, and O_NONBLOCK keeps a FIFO from holding us.
  struct statx before = {};
  if (statx(folder, name.c_str(), AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_TYPE, &before) != 0) {
    return ErrnoStatus(errno, Printable(name));
  }
  if (!S_ISREG(before.stx_mode)) {
    return absl::FailedPreconditionError(Concat(Printable(name), ": it is not a regular file"));
  }
  HOZEN_ASSIGN_OR_RETURN(OpenedFile file, OpenBelow(folder, name, O_NOFOLLOW));
  if (FileTypeOf(file.metadata) != FileType::kRegular) {
    return absl::FailedPreconditionError(Concat(Printable(name), ": it is no longer a regular file"));
  }
  return file;
}

absl::StatusOr<OpenedFile> OpenFolder(int folder, const std::string& name) {
  return OpenBelow(folder, name, O_NOFOLLOW | O_DIRECTORY);
}

absl::StatusOr<OpenedFile> OpenThroughKernelLink(const std::string& path) {
  // Held by O_PATH first, which opens nothing; then opened by that handle, so that it is the same file.
  const UniqueFd handle(open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!handle.valid()) return ErrnoStatus(errno, Printable(path));
  HOZEN_ASSIGN_OR_RETURN(const v1::FileMetadata found, StatOpen(handle.get(), path));
  if (FileTypeOf(found) != FileType::kRegular) {
    return absl::FailedPreconditionError(Concat(Printable(path), ": it is not a regular file"));
  }
  absl::StatusOr<OpenedFile> file = OpenBelow(AT_FDCWD, Concat("/proc/self/fd/", handle.get()), 0);
  if (!file.ok()) return ErrnoStatus(SystemErrorOf(file.status()), Printable(path));
  return file;
}

FolderReader::FolderReader(int folder) : folder_(folder), buffer_(new char[kFolderBufferBytes]) {}

FolderReader::~FolderReader() = default;

absl::StatusOr<std::vector<FolderEntry>> FolderReader::Next() {
  if (!rewound_ && lseek(folder_, 0, SEEK_SET) < 0) return ErrnoStatus(errno, "Listing a folder");
  rewound_ = true;
  std::vector<FolderEntry> entries;
  while (entries.empty()) {
    const long size = syscall(SYS_getdents64, folder_, buffer_.get(), kFolderBufferBytes);
    if (size < 0) {
      if (errno == EINTR) continue;
      return ErrnoStatus(errno, "Listing a folder");
    }
    if (size == 0) break;
    for (long at = 0; at < size;) {
      const auto* raw = reinterpret_cast<const RawEntry*>(buffer_.get() + at);
      at += raw->size_bytes;
      if (strcmp(raw->name, ".") == 0 || strcmp(raw->name, "..") == 0) continue;
      const FileType type = raw->type == DT_UNKNOWN ? FileType::kUnknown : TypeOfMode(DTTOIF(raw->type));
      entries.push_back({.name = raw->name, .type = type});
    }
  }
  return entries;
}

}  // namespace hozen
