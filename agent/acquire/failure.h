// Statuses of system calls as causes in the manifest.
#ifndef HOZEN_AGENT_ACQUIRE_FAILURE_H_
#define HOZEN_AGENT_ACQUIRE_FAILURE_H_

#include <string_view>

#include "absl/status/status.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

// Thread-safe. The detail is made printable UTF-8 and cut to the manifest's bound.
v1::Failure MakeFailure(v1::Cause cause, std::string_view detail);

// The cause that `status`, of something that was being looked at, stands for. What is absent is CAUSE_NOT_FOUND; a
// caller that had found it before says CAUSE_VANISHED by giving that as `absent`.
v1::Failure FailureOf(const absl::Status& status, v1::Cause absent = v1::CAUSE_NOT_FOUND);

// A status that stands for this failure: FailureOf gives it back as it is, through WithContext too.
absl::Status StatusOf(const v1::Failure& failure, absl::StatusCode code = absl::StatusCode::kUnknown);

}  // namespace hozen

#endif  // HOZEN_AGENT_ACQUIRE_FAILURE_H_
