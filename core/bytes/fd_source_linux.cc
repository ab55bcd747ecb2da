#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_context.h"
#include "core/bytes/source.h"

namespace hozen {
namespace {

// Thread-safe: pread has no position to share.
class FdSource final : public Source {
 public:
  FdSource(UniqueFd fd, uint64_t size_bytes) : fd_(std::move(fd)), size_bytes_(size_bytes) {
    is_file_ = ::fstat(fd_.get(), &before_) == 0 && S_ISREG(before_.st_mode);
  }

  absl::StatusOr<size_t> ReadAt(uint64_t offset_bytes, absl::Span<char> buffer) override {
    constexpr uint64_t kLargestOffset = std::numeric_limits<off_t>::max();
    if (offset_bytes >= kLargestOffset) return 0;
    const size_t wanted = std::min<uint64_t>(buffer.size(), kLargestOffset - offset_bytes);
    size_t had = 0;
    while (had < wanted) {
      const ssize_t got = ::pread(fd_.get(), buffer.data() + had, wanted - had, static_cast<off_t>(offset_bytes + had));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return ErrnoStatus(errno, absl::StrCat("reading at byte ", offset_bytes + had));
      if (got == 0) break;
      had += got;
    }
    return had;
  }

  uint64_t size_bytes() const override { return size_bytes_; }

  uint64_t ZerosAt(uint64_t offset_bytes) override {
    if (!is_file_ || offset_bytes >= size_bytes_) return 0;
    // The position that this moves is one that nobody uses.
    const off_t data = ::lseek(fd_.get(), static_cast<off_t>(offset_bytes), SEEK_DATA);
    if (data < 0) return errno == ENXIO ? HoleToEnd(offset_bytes) : 0;
    return std::min<uint64_t>(static_cast<uint64_t>(data), size_bytes_) - offset_bytes;
  }

  bool WasWritten() override {
    struct stat now = {};
    if (!is_file_ || ::fstat(fd_.get(), &now) != 0) return false;
    return now.st_size != before_.st_size || now.st_mtim.tv_sec != before_.st_mtim.tv_sec ||
           now.st_mtim.tv_nsec != before_.st_mtim.tv_nsec;
  }

 private:
  // No data behind it: a hole, or a file that was cut meanwhile, and then there are no bytes.
  uint64_t HoleToEnd(uint64_t offset_bytes) const {
    struct stat now = {};
    if (::fstat(fd_.get(), &now) != 0) return 0;
    const uint64_t end = std::min<uint64_t>(static_cast<uint64_t>(now.st_size), size_bytes_);
    return end - std::min(end, offset_bytes);
  }

  const UniqueFd fd_;
  const uint64_t size_bytes_;
  struct stat before_ = {};
  bool is_file_ = false;
};

}  // namespace

std::unique_ptr<Source> NewFdSource(UniqueFd fd, uint64_t size_bytes) {
  return std::make_unique<FdSource>(std::move(fd), size_bytes);
}

}  // namespace hozen
