// What a bundle carries besides evidence, so that it can be believed offline: the customer's delegation and the custody
// log's proofs. And the custody history of one acquisition, as it is asked for on its own.
#ifndef HOZEN_COLLECTOR_EXPORT_BUNDLE_PROOFS_H_
#define HOZEN_COLLECTOR_EXPORT_BUNDLE_PROOFS_H_

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "collector/access/customers.h"
#include "collector/catalog/catalog.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

struct BundleProofs {
  v1::Envelope delegation;
  v1::CustodyBundle custody;
};

// Proofs for the entries from start_index on that name the acquisition, or for all where it is empty. At most `most` of
// them and about 2 MiB, so that they fit into one message; further ones come with the last one's leaf_index + 1. All
// are of one tree size, unless the log grew each time they were made. Walks the log; memory does not grow with it.
absl::StatusOr<v1::CustodyBundle> ProveCustody(CustodyLog& log, std::string_view acquisition_id, uint64_t start_index,
                                               uint64_t most);

// Everything about the acquisition, at most 10,000 proofs.
absl::StatusOr<BundleProofs> CollectProofs(CustomerVault& vault, Catalog& catalog, std::string_view acquisition_id);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_EXPORT_BUNDLE_PROOFS_H_
