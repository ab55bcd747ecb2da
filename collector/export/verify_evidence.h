// Reads back everything that an acquisition holds and hashes it again: `hozen verify ID`.
#ifndef HOZEN_COLLECTOR_EXPORT_VERIFY_EVIDENCE_H_
#define HOZEN_COLLECTOR_EXPORT_VERIFY_EVIDENCE_H_

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "collector/access/customers.h"
#include "collector/catalog/catalog.h"
#include "collector/export/stored_evidence.h"
#include "proto/hozen/v1/operators.pb.h"

namespace hozen {

struct VerifyOutcome {
  uint64_t verified_bytes = 0;  // of streams, read and right
  uint64_t verified_items = 0;  // items without a fault
  uint64_t faults = 0;
};

// Called after each chunk and with each fault; an error from it ends the verification and comes back as it is.
// `fault` is nullptr where there is none.
using OnVerified = std::function<absl::Status(const VerifyOutcome& outcome, const v1::VerifyFault* fault)>;

// The chain of trust (delegation, host's certificate, manifest, custody), the body, each chunk of each item, each
// item's whole SHA-256. A fault does not end it: it goes on with the next chunk, and where the body itself is damaged,
// with every item that the catalog knows. An item with many damaged chunks gives at most 100 faults and one that counts
// the rest. Returns an error only where it could not go on: OnVerified's, or the catalog's.
absl::StatusOr<VerifyOutcome> VerifyEvidence(StoredEvidence& evidence, CustomerVault& vault, Catalog& catalog,
                                             const OnVerified& on_verified);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_EXPORT_VERIFY_EVIDENCE_H_
