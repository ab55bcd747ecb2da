// The kernel's own files (/proc, /sys and a few below /run), read within bounds and only where the host's policy lets
// us: every name that this room and those below it open goes through here.
#ifndef HOZEN_AGENT_VOLATILE_LINUX_KERNEL_FILES_H_
#define HOZEN_AGENT_VOLATILE_LINUX_KERNEL_FILES_H_

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/platform/file_access.h"
#include "core/base/unique_fd.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

// Thread-compatible. Errors are ErrnoStatus with the name in front; what the policy refuses is PermissionDenied, and
// StateFailure tells it apart.
class KernelFiles {
 public:
  // `refused` says why the owner of the host does not want a path to be read; `root` stands before every path, and is
  // empty but in tests.
  using Refused = std::function<std::optional<v1::Failure>(std::string_view path)>;
  explicit KernelFiles(std::string root, Refused refused = nullptr)
      : root_(std::move(root)), refused_(std::move(refused)) {}

  struct Text {
    std::string bytes;
    bool cut = false;  // there was more than the limit
  };
  // Up to limit_bytes of it. An error after the first bytes is an error: the caller knows no half files.
  absl::StatusOr<Text> Read(const std::string& path, size_t limit_bytes) const;
  // As Read, without the white space at its end; ResourceExhausted where it is longer than a page.
  absl::StatusOr<std::string> ReadLine(const std::string& path) const;

  // Names in a folder, sorted; no "." and "..".
  absl::StatusOr<std::vector<std::string>> List(const std::string& folder) const;
  absl::StatusOr<std::string> ReadLink(const std::string& path) const;
  bool Exists(const std::string& path) const;
  bool IsFolder(const std::string& path) const;  // itself, not where a link leads

  // A file that a link of /proc leads to (exe): opened through the link, without a new access time where that is
  // allowed. FailedPrecondition where it is no regular file.
  absl::StatusOr<OpenedFile> OpenThroughLink(const std::string& path) const;

  absl::Status CheckPolicy(std::string_view path) const;
  const std::string& root() const { return root_; }

 private:
  const std::string root_;
  const Refused refused_;
};

// As FailureOf, and CAUSE_REFUSED_BY_POLICY for what the policy refused.
v1::Failure StateFailure(const absl::Status& status, v1::Cause absent = v1::CAUSE_NOT_FOUND);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_LINUX_KERNEL_FILES_H_
