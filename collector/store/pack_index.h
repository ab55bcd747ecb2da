// Where each chunk stands: a SQLite file that is only a cache of what the packs say. Format: docs/formats/pack.md.
#ifndef HOZEN_COLLECTOR_STORE_PACK_INDEX_H_
#define HOZEN_COLLECTOR_STORE_PACK_INDEX_H_

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "collector/store/blob_store.h"
#include "collector/store/sqlite.h"
#include "core/crypto/sha256.h"

namespace hozen {

struct ChunkPlace {
  uint64_t pack = 0;
  uint64_t offset_bytes = 0;  // of the record
  uint32_t frame_size_bytes = 0;
  uint32_t plain_size_bytes = 0;
  bool damaged = false;
};

struct IndexedChunk {
  Digest sha256;
  ChunkPlace place;
};

// Thread-safe. ResourceExhausted where the disk is full; Internal, saying what to do, where the file is damaged.
class PackIndex {
 public:
  // Makes a new one where there is none, or one that is damaged or of another version.
  static absl::StatusOr<std::unique_ptr<PackIndex>> Open(const std::filesystem::path& file);

  // Chunks that are here and not known to be damaged.
  absl::StatusOr<std::vector<bool>> Has(absl::Span<const Digest> digests);
  absl::StatusOr<std::optional<ChunkPlace>> Find(const Digest& sha256);

  // All or none, and that `pack` has been read up to read_bytes. A chunk that is here already keeps its place, unless
  // that one is damaged and this one is not.
  absl::Status Enter(absl::Span<const IndexedChunk> chunks, uint64_t pack, uint64_t read_bytes);
  // Unless it has moved since.
  absl::Status MarkDamaged(const Digest& sha256, const ChunkPlace& place);
  // What ends behind `size_bytes` of a pack is damaged, and the pack is to be read again from its first record. Returns
  // how many chunks that were here are not any more.
  absl::StatusOr<uint64_t> MarkCutOff(uint64_t pack, uint64_t size_bytes);
  // The pack is gone.
  absl::StatusOr<uint64_t> MarkMissing(uint64_t pack);

  // Pack -> how far it has been read.
  absl::StatusOr<std::map<uint64_t, uint64_t>> ReadMarks();
  BlobStoreStats stats() const;

 private:
  explicit PackIndex(std::unique_ptr<SqliteConnection> connection) : connection_(std::move(connection)) {}
  static absl::StatusOr<std::unique_ptr<PackIndex>> OpenOrCreate(const std::filesystem::path& file);
  absl::Status CountLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<uint64_t> MarkBehindLocked(uint64_t pack, uint64_t size_bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  const std::unique_ptr<SqliteConnection> connection_ ABSL_PT_GUARDED_BY(mutex_);
  BlobStoreStats stats_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_STORE_PACK_INDEX_H_
