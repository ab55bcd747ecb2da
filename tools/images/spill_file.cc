#include "tools/images/spill_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "core/base/file.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"

namespace hozen {

absl::Status SpillFile::Create() {
  const std::filesystem::path folder = beside_.has_parent_path() ? beside_.parent_path() : std::filesystem::path(".");
  fd_ = UniqueFd(open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (fd_.valid()) return absl::OkStatus();
  // Not every file system has files without a name. What an earlier process left under this one is worth nothing.
  std::filesystem::path named = beside_;
  named += ".spill";
  unlink(named.c_str());
  fd_ = UniqueFd(open(named.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd_.valid() || unlink(named.c_str()) != 0) return ErrnoStatus(errno, Printable(named.native()));
  return absl::OkStatus();
}

absl::Status SpillFile::Append(std::string_view bytes) {
  tail_.append(bytes);
  if (tail_.size() <= kInMemoryBytes) return absl::OkStatus();
  if (!fd_.valid()) HOZEN_RETURN_IF_ERROR(Create());
  HOZEN_RETURN_IF_ERROR(WriteFullyAt(fd_.get(), tail_, spilled_bytes_));
  spilled_bytes_ += tail_.size();
  tail_.clear();
  return absl::OkStatus();
}

absl::Status SpillFile::Replay(const std::function<absl::Status(std::string_view)>& on_bytes) const {
  std::string piece(static_cast<size_t>(std::min<uint64_t>(kInMemoryBytes, spilled_bytes_)), '\0');
  for (uint64_t at = 0; at < spilled_bytes_;) {
    const size_t want = static_cast<size_t>(std::min<uint64_t>(piece.size(), spilled_bytes_ - at));
    const ssize_t got = pread(fd_.get(), piece.data(), want, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus(errno, Printable(beside_.native()));
    if (got == 0) return absl::DataLossError("what was put aside was cut");
    HOZEN_RETURN_IF_ERROR(on_bytes(std::string_view(piece.data(), static_cast<size_t>(got))));
    at += static_cast<uint64_t>(got);
  }
  return tail_.empty() ? absl::OkStatus() : on_bytes(tail_);
}

}  // namespace hozen
