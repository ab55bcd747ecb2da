// A BlobStore in pack files of a folder, with a SQLite index that can be rebuilt from the packs alone.
// Format: docs/formats/pack.md.
#ifndef HOZEN_COLLECTOR_STORE_PACK_STORE_H_
#define HOZEN_COLLECTOR_STORE_PACK_STORE_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "collector/store/blob_store.h"

namespace hozen {

struct PackStoreOptions {
  std::filesystem::path folder;                  // created where it is not there
  std::string customer_id;                       // written into each pack; a pack of another customer is refused
  uint64_t pack_size_bytes = uint64_t{1} << 30;  // a pack is closed once it is longer
  uint64_t reserve_bytes = uint64_t{1} << 28;    // of the file system, left free: Put says ResourceExhausted before
  uint64_t quota_bytes = 0;                      // of packs; 0 = none
};

// Opens the store: reads what the index does not know yet from the ends of the packs, cuts off a torn record behind the
// last synced one. Chunks whose bytes are gone (a pack that is missing or shorter than the index says) are logged as
// errors with the pack's name and are no longer here. DataLoss where a pack's head is damaged; FailedPrecondition where
// it was written by a newer version or for another customer.
absl::StatusOr<std::unique_ptr<BlobStore>> OpenPackStore(const PackStoreOptions& options);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_STORE_PACK_STORE_H_
