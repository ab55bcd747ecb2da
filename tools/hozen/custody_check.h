// What a collector says of custody, checked on this side: against the authority that the credential pins, and against
// what the same log said before.
#ifndef HOZEN_TOOLS_HOZEN_CUSTODY_CHECK_H_
#define HOZEN_TOOLS_HOZEN_CUSTODY_CHECK_H_

#include <cstdint>
#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/hozen/v1/credential.pb.h"
#include "proto/hozen/v1/operators.pb.h"
#include "tools/hozen/collector.h"

namespace hozen {

// The delegation, once the credential's authority is seen to have signed it. DataLoss where it did not.
absl::StatusOr<v1::Delegation> CheckDelegation(const v1::Envelope& delegation, const v1::Credential& credential);

struct LogContinuity {
  uint64_t tree_size = 0;
  uint64_t earlier_tree_size = 0;  // 0: never seen before
};

// Asks for the log's head, checks its signature and that it continues the head that was kept in
// home/checkpoints/<customer> the last time, and keeps it. DataLoss where the log was cut, rewritten or forked since.
absl::StatusOr<LogContinuity> CheckContinuity(Collector& collector, const v1::Delegation& delegation,
                                              const std::filesystem::path& home);

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_CUSTODY_CHECK_H_
