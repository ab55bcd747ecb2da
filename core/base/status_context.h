// Adding to a status what the caller knows: which file, which host, what to do. Each layer adds its words once.
#ifndef HOZEN_CORE_BASE_STATUS_CONTEXT_H_
#define HOZEN_CORE_BASE_STATUS_CONTEXT_H_

#include <string_view>

#include "absl/status/status.h"

namespace hozen {

// "<context>: <message>" with the same code and payloads. An OK status stays OK.
absl::Status WithContext(const absl::Status& status, std::string_view context);

// The status for a system call that failed with `error_number`: "<what>: <strerror>". ENOENT is NotFound, EACCES and
// EPERM PermissionDenied, ENOSPC and EDQUOT ResourceExhausted, EEXIST AlreadyExists, EIO DataLoss, ETIMEDOUT
// DeadlineExceeded, EINVAL InvalidArgument; anything else Unknown.
// The number itself can be had back with SystemErrorOf.
absl::Status ErrnoStatus(int error_number, std::string_view what);

// The errno that ErrnoStatus was made from, also through WithContext; 0 where there is none.
int SystemErrorOf(const absl::Status& status);

}  // namespace hozen

#endif  // HOZEN_CORE_BASE_STATUS_CONTEXT_H_
