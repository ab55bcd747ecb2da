#include "tools/hozen/part_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <utility>

#include "core/base/concat.h"
#include "core/base/file.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;

// What an interrupting signal takes away: few, fixed places, because a handler may not allocate.
constexpr size_t kPlaces = 4;
constexpr size_t kLongestPath = 4096;
struct Place {
  std::atomic<bool> used{false};
  std::atomic<bool> ready{false};
  char path[kLongestPath];
};
Place g_places[kPlaces];

extern "C" void RemovePartsAndDie(int signal_number) {
  for (Place& place : g_places) {
    if (place.ready.load(std::memory_order_acquire)) unlink(place.path);
  }
  std::signal(signal_number, SIG_DFL);
  std::raise(signal_number);
}

void RemoveWhenInterrupted(const std::string& path) {
  static const bool installed = [] {
    struct sigaction action {};
    action.sa_handler = RemovePartsAndDie;
    // The default is back before the handler raises it again.
    action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_NODEFER;
    for (const int signal_number : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal_number, &action, nullptr);
    return true;
  }();
  static_cast<void>(installed);
  if (path.size() + 1 > kLongestPath) return;
  for (Place& place : g_places) {
    bool expected = false;
    if (!place.used.compare_exchange_strong(expected, true)) continue;
    std::memcpy(place.path, path.c_str(), path.size() + 1);
    place.ready.store(true, std::memory_order_release);
    return;
  }
}

void LeaveWhenInterrupted(const std::string& path) {
  for (Place& place : g_places) {
    if (!place.ready.load() || path != place.path) continue;
    place.ready.store(false);
    place.used.store(false);
  }
}

absl::Status AlreadyThere(const fs::path& path) {
  return absl::AlreadyExistsError(Concat(Printable(path.native()), ": ",
                                         Say("is there already; name another file, or give --force to replace it",
                                             "は既に存在します。別の名前を指定するか、--force で置き換えてください")));
}

}  // namespace

absl::StatusOr<std::unique_ptr<PartFile>> PartFile::Create(const fs::path& path, bool replace) {
  std::error_code error;
  if (!replace && fs::exists(fs::symlink_status(path, error))) return AlreadyThere(path);
  fs::path part = path;
  part += ".part";
  // What an earlier attempt left is worth nothing; a link there is not followed.
  if (unlink(part.c_str()) != 0 && errno != ENOENT) return ErrnoStatus(errno, Printable(part.native()));
  UniqueFd fd(open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) return ErrnoStatus(errno, Printable(part.native()));
  RemoveWhenInterrupted(part.native());
  return std::unique_ptr<PartFile>(new PartFile(std::move(fd), path, std::move(part), replace));
}

PartFile::~PartFile() {
  if (!committed_) unlink(part_.c_str());
  LeaveWhenInterrupted(part_.native());
}

absl::Status PartFile::Data(std::string_view bytes) {
  const absl::Status written = WriteFullyAt(fd_.get(), bytes, size_bytes_);
  if (!written.ok()) return WithContext(written, Printable(part_.native()));
  size_bytes_ += bytes.size();
  return absl::OkStatus();
}

absl::Status PartFile::Zeros(uint64_t size_bytes) {
  size_bytes_ += size_bytes;
  return absl::OkStatus();
}

absl::Status PartFile::Commit() {
  // A hole at the end has to be made by hand.
  if (ftruncate(fd_.get(), static_cast<off_t>(size_bytes_)) != 0) return ErrnoStatus(errno, Printable(part_.native()));
  if (fsync(fd_.get()) != 0) return ErrnoStatus(errno, Printable(part_.native()));
  if (close(fd_.Release()) != 0) return ErrnoStatus(errno, Printable(part_.native()));
  if (replace_) {
    if (std::rename(part_.c_str(), path_.c_str()) != 0) return ErrnoStatus(errno, Printable(path_.native()));
  } else if (renameat2(AT_FDCWD, part_.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE) != 0) {
    if (errno == EEXIST) return AlreadyThere(path_);
    // File systems that cannot do it atomically: it was not there when we began.
    if (errno != EINVAL && errno != ENOSYS) return ErrnoStatus(errno, Printable(path_.native()));
    if (std::rename(part_.c_str(), path_.c_str()) != 0) return ErrnoStatus(errno, Printable(path_.native()));
  }
  committed_ = true;
  return SyncFolder(path_.has_parent_path() ? path_.parent_path() : fs::path("."));
}

}  // namespace hozen
