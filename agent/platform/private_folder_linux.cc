#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "agent/platform/private_folder.h"
#include "core/base/concat.h"
#include "core/base/status_context.h"

namespace hozen {
namespace {

constexpr mode_t kOthers = S_IRWXG | S_IRWXO;

}  // namespace

absl::Status CheckPrivateFolder(const std::filesystem::path& folder) {
  struct stat found = {};
  if (::stat(folder.c_str(), &found) != 0) return ErrnoStatus(errno, folder.native());
  if (!S_ISDIR(found.st_mode)) return absl::FailedPreconditionError(Concat(folder.native(), " is not a folder"));
  if (found.st_uid != 0 && found.st_uid != ::geteuid()) {
    return absl::FailedPreconditionError(
        Concat(folder.native(), " belongs to another user (", found.st_uid, "); remove it or move it away"));
  }
  if ((found.st_mode & kOthers) != 0) {
    return absl::FailedPreconditionError(
        Concat(folder.native(), " may be entered by others; run: chmod 700 ", folder.native()));
  }
  return absl::OkStatus();
}

absl::Status MakeFolderPrivate(const std::filesystem::path& folder) {
  if (::chmod(folder.c_str(), S_IRWXU) != 0) return ErrnoStatus(errno, Concat("chmod 700 ", folder.native()));
  return absl::OkStatus();
}

}  // namespace hozen
