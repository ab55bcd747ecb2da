// Where a customer's chunks rest. One store per customer, so deduplication never crosses a customer's border.
#ifndef HOZEN_COLLECTOR_STORE_BLOB_STORE_H_
#define HOZEN_COLLECTOR_STORE_BLOB_STORE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/chunk/chunk.h"
#include "core/crypto/sha256.h"

namespace hozen {

struct BlobStoreStats {
  uint64_t chunks = 0;
  uint64_t plain_bytes = 0;
  uint64_t stored_bytes = 0;
};

// Implementations are thread-safe.
class BlobStore {
 public:
  virtual ~BlobStore() = default;

  // For each digest: is it here, and durable? A chunk known to be damaged is not here, so it can be sent again.
  virtual absl::StatusOr<std::vector<bool>> Has(absl::Span<const Digest> digests) = 0;

  // Durable when it returns OK: the bytes are synced, and a crash at any later moment keeps them. On an error none,
  // some or all of them are stored, and none may be acknowledged. Chunks already here cost nothing. ResourceExhausted
  // where there is no room: nothing is damaged, and it may be tried again.
  virtual absl::Status Put(std::vector<VerifiedChunk> chunks) = 0;

  // The plaintext, hashed again after it was read. NotFound where it was never here; DataLoss where what is stored is
  // damaged, naming the chunk, the pack and the offset.
  virtual absl::StatusOr<std::string> Get(const Digest& sha256) = 0;

  virtual absl::StatusOr<BlobStoreStats> Stats() = 0;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_STORE_BLOB_STORE_H_
