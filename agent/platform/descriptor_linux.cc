#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "agent/platform/descriptor.h"
#include "core/base/concat.h"
#include "core/base/status_context.h"

namespace hozen {

absl::StatusOr<size_t> ReadDescriptor(int fd, uint64_t offset_bytes, absl::Span<char> buffer) {
  size_t done = 0;
  while (done < buffer.size()) {
    const ssize_t size = pread(fd, buffer.data() + done, buffer.size() - done, static_cast<off_t>(offset_bytes + done));
    if (size == 0) break;
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return ErrnoStatus(errno, Concat("reading at byte ", offset_bytes + done));
    done += static_cast<size_t>(size);
  }
  return done;
}

absl::StatusOr<UniqueFd> OpenToRead(const std::filesystem::path& file) {
  UniqueFd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus(errno, Concat("open ", file.native()));
  return fd;
}

absl::StatusOr<UniqueFd> OpenToAppend(const std::filesystem::path& file) {
  UniqueFd fd(open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) return ErrnoStatus(errno, Concat("open ", file.native()));
  return fd;
}

absl::Status CutDescriptor(int fd, uint64_t size_bytes) {
  if (ftruncate(fd, static_cast<off_t>(size_bytes)) != 0) return ErrnoStatus(errno, "cut a file");
  return absl::OkStatus();
}

absl::Status SyncDescriptor(int fd) {
  if (fdatasync(fd) != 0) return ErrnoStatus(errno, "sync");
  return absl::OkStatus();
}

UniqueFd DuplicateDescriptor(int fd) { return UniqueFd(fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

DescriptorState StateOfDescriptor(int fd) {
  struct stat now = {};
  if (fstat(fd, &now) != 0) return {};
  return {.size_bytes = static_cast<uint64_t>(now.st_size),
          .modified_unix_ns = now.st_mtim.tv_sec * int64_t{1'000'000'000} + now.st_mtim.tv_nsec};
}

}  // namespace hozen
