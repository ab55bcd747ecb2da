#include "agent/volatile/linux/kernel_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "agent/acquire/failure.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr size_t kPieceBytes = 64 << 10;
constexpr size_t kLineBytes = 4096;
constexpr char kRefused[] = "hozen/refused_by_policy";

}  // namespace

absl::Status KernelFiles::CheckPolicy(std::string_view path) const {
  if (!refused_) return absl::OkStatus();
  const std::optional<v1::Failure> refused = refused_(path);
  if (!refused.has_value()) return absl::OkStatus();
  absl::Status status = absl::PermissionDeniedError(Concat(Printable(path), ": ", refused->detail()));
  status.SetPayload(kRefused, absl::Cord("1"));
  return status;
}

absl::StatusOr<KernelFiles::Text> KernelFiles::Read(const std::string& path, size_t limit_bytes) const {
  HOZEN_RETURN_IF_ERROR(CheckPolicy(path));
  // Never through a link at its end, and never waiting for a FIFO's writer: /run is not the kernel's alone.
  const UniqueFd fd(open(Concat(root_, path).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  if (!fd.valid()) return ErrnoStatus(errno, Printable(path));
  Text text;
  while (true) {
    const size_t had = text.bytes.size();
    const size_t wanted = std::min(kPieceBytes, limit_bytes + 1 - had);
    text.bytes.resize(had + wanted);
    const ssize_t got = read(fd.get(), text.bytes.data() + had, wanted);
    const int error = errno;
    text.bytes.resize(had + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && error == EINTR) continue;
    if (got < 0) return ErrnoStatus(error, Printable(path));
    if (got == 0) return text;
    if (text.bytes.size() > limit_bytes) {
      text.bytes.resize(limit_bytes);
      text.cut = true;
      return text;
    }
  }
}

absl::StatusOr<std::string> KernelFiles::ReadLine(const std::string& path) const {
  HOZEN_ASSIGN_OR_RETURN(Text text, Read(path, kLineBytes));
  if (text.cut) return absl::ResourceExhaustedError(Concat(Printable(path), " is longer than it can be"));
  absl::StripTrailingAsciiWhitespace(&text.bytes);
  return std::move(text.bytes);
}

absl::StatusOr<std::vector<std::string>> KernelFiles::List(const std::string& folder) const {
  HOZEN_RETURN_IF_ERROR(CheckPolicy(folder));
  const UniqueFd fd(open(Concat(root_, folder).c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW));
  if (!fd.valid()) return ErrnoStatus(errno, Printable(folder));
  FolderReader reader(fd.get());
  std::vector<std::string> names;
  while (true) {
    HOZEN_ASSIGN_OR_RETURN(std::vector<FolderEntry> entries, reader.Next());
    if (entries.empty()) break;
    for (FolderEntry& entry : entries) names.push_back(std::move(entry.name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<std::string> KernelFiles::ReadLink(const std::string& path) const {
  HOZEN_RETURN_IF_ERROR(CheckPolicy(path));
  std::string target(PATH_MAX, '\0');
  const ssize_t size = readlink(Concat(root_, path).c_str(), target.data(), target.size());
  if (size < 0) return ErrnoStatus(errno, Printable(path));
  target.resize(static_cast<size_t>(size));
  return target;
}

bool KernelFiles::Exists(const std::string& path) const {
  struct stat found = {};
  return CheckPolicy(path).ok() && lstat(Concat(root_, path).c_str(), &found) == 0;
}

bool KernelFiles::IsFolder(const std::string& path) const {
  struct stat found = {};
  return CheckPolicy(path).ok() && lstat(Concat(root_, path).c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

absl::StatusOr<OpenedFile> KernelFiles::OpenThroughLink(const std::string& path) const {
  HOZEN_RETURN_IF_ERROR(CheckPolicy(path));
  return OpenThroughKernelLink(Concat(root_, path));
}

v1::Failure StateFailure(const absl::Status& status, v1::Cause absent) {
  v1::Failure failure = FailureOf(status, absent);
  if (status.GetPayload(kRefused).has_value()) failure.set_cause(v1::CAUSE_REFUSED_BY_POLICY);
  return failure;
}

}  // namespace hozen
