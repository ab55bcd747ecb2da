#include "agent/acquire/failure.h"

#include <cerrno>
#include <string>

#include "absl/strings/cord.h"
#include "absl/types/optional.h"
#include "core/base/concat.h"
#include "core/base/native_error.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"

namespace hozen {
namespace {

constexpr size_t kMaxDetailBytes = 1024;
constexpr char kFailurePayload[] = "hozen/failure";

// Cut where a character begins, so that it stays UTF-8.
std::string Bounded(std::string_view text) {
  std::string detail = IsValidUtf8(text) ? std::string(text) : Printable(text);
  if (detail.size() <= kMaxDetailBytes) return detail;
  size_t size = kMaxDetailBytes;
  while (size > 0 && (static_cast<unsigned char>(detail[size]) & 0xC0) == 0x80) --size;
  detail.resize(size);
  return detail;
}

v1::Cause CauseOfErrno(int error, v1::Cause absent) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return absent;
    case kStaleFileError:
    case ESRCH:
      return v1::CAUSE_VANISHED;
    case EACCES:
    case EPERM:
      return v1::CAUSE_PERMISSION_DENIED;
    case ELOOP:
      return v1::CAUSE_LOOP;
    case EAGAIN:
    case EBUSY:
    case ETXTBSY:
      return v1::CAUSE_BLOCKED;
    case ETIMEDOUT:
      return v1::CAUSE_TIMED_OUT;
    case ENXIO:
    case ENODEV:
    case EOPNOTSUPP:
    case ENOSYS:
      return v1::CAUSE_NOT_SUPPORTED;
    default:
      return v1::CAUSE_IO_ERROR;
  }
}

v1::Cause CauseOfCode(absl::StatusCode code, v1::Cause absent) {
  switch (code) {
    case absl::StatusCode::kNotFound:
      return absent;
    case absl::StatusCode::kPermissionDenied:
      return v1::CAUSE_PERMISSION_DENIED;
    case absl::StatusCode::kFailedPrecondition:
      return v1::CAUSE_CHANGED_WHILE_READ;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kUnimplemented:
      return v1::CAUSE_NOT_SUPPORTED;
    case absl::StatusCode::kDeadlineExceeded:
      return v1::CAUSE_TIMED_OUT;
    default:
      return v1::CAUSE_IO_ERROR;
  }
}

}  // namespace

v1::Failure MakeFailure(v1::Cause cause, std::string_view detail) {
  v1::Failure failure;
  failure.set_cause(cause);
  failure.set_detail(Bounded(detail));
  return failure;
}

v1::Failure FailureOf(const absl::Status& status, v1::Cause absent) {
  if (const absl::optional<absl::Cord> whole = status.GetPayload(kFailurePayload); whole.has_value()) {
    v1::Failure failure;
    if (failure.ParseFromString(std::string(*whole))) return failure;
  }
  const int error = SystemErrorOf(status);
  // A name that has become a link (ELOOP) or no folder (ENOTDIR) since it was looked at has changed; it is no loop.
  const bool by_code = error == 0 || status.code() == absl::StatusCode::kFailedPrecondition;
  const v1::Cause cause = by_code ? CauseOfCode(status.code(), absent) : CauseOfErrno(error, absent);
  v1::Failure failure = MakeFailure(cause, StdView(status.message()));
  failure.set_system_error(NativeErrorOf(status));
  return failure;
}

absl::Status StatusOf(const v1::Failure& failure, absl::StatusCode code) {
  absl::Status status(code, failure.detail());
  status.SetPayload(kFailurePayload, absl::Cord(failure.SerializeAsString()));
  return status;
}

}  // namespace hozen
