// What `hozen` ends with. The numbers are documented in --help and are a contract with scripts.
#ifndef HOZEN_TOOLS_HOZEN_EXIT_CODE_H_
#define HOZEN_TOOLS_HOZEN_EXIT_CODE_H_

#include "absl/status/status.h"

namespace hozen {

enum class ExitCode : int {
  kOk = 0,
  kFailure = 1,
  kUsage = 2,
  kCompleteWithFailures = 3,  // --wait, watch: evidence is there, with failures in its records
  kVerificationFailed = 4,
  kNotPermitted = 5,  // no credential, one that is not accepted, or a role that may not
  kUnreachable = 6,   // the collector
  kNotFound = 7,
  kNoEvidence = 8,  // --wait, watch: refused, failed or expired
  kOutOfRoom = 9,   // the collector's store, or a quota
};

// DataLoss is kVerificationFailed, Unavailable and DeadlineExceeded kUnreachable, InvalidArgument kUsage, and so on;
// what has no number of its own is kFailure.
ExitCode ExitCodeOf(const absl::Status& status);

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_EXIT_CODE_H_
