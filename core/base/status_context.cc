#include "core/base/status_context.h"

#include <cerrno>
#include <optional>
#include <string>
#include <system_error>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "core/base/concat.h"

namespace hozen {
namespace {

constexpr char kErrnoPayload[] = "hozen/errno";

absl::StatusCode CodeOf(int error_number) {
  switch (error_number) {
    case ENOENT:
      return absl::StatusCode::kNotFound;
    case EACCES:
    case EPERM:
      return absl::StatusCode::kPermissionDenied;
    case ENOSPC:
#ifdef EDQUOT  // not on Windows
    case EDQUOT:
#endif
      return absl::StatusCode::kResourceExhausted;
    case EEXIST:
      return absl::StatusCode::kAlreadyExists;
    case EIO:
      return absl::StatusCode::kDataLoss;
    case ETIMEDOUT:
      return absl::StatusCode::kDeadlineExceeded;
    case EINVAL:
      return absl::StatusCode::kInvalidArgument;
    default:
      return absl::StatusCode::kUnknown;
  }
}

}  // namespace

absl::Status WithContext(const absl::Status& status, std::string_view context) {
  if (status.ok()) return status;
  absl::Status result(status.code(), Concat(context, ": ", status.message()));
  status.ForEachPayload(
      [&result](absl::string_view type_url, const absl::Cord& payload) { result.SetPayload(type_url, payload); });
  return result;
}

absl::Status ErrnoStatus(int error_number, std::string_view what) {
  absl::Status status(CodeOf(error_number), Concat(what, ": ", std::generic_category().message(error_number)));
  status.SetPayload(kErrnoPayload, absl::Cord(Concat(error_number)));
  return status;
}

int SystemErrorOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kErrnoPayload);
  int error_number = 0;
  if (!payload.has_value() || !absl::SimpleAtoi(std::string(*payload), &error_number)) return 0;
  return error_number;
}

}  // namespace hozen
