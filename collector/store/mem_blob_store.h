// A BlobStore in memory, for tests of whoever uses one.
#ifndef HOZEN_COLLECTOR_STORE_MEM_BLOB_STORE_H_
#define HOZEN_COLLECTOR_STORE_MEM_BLOB_STORE_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "collector/store/blob_store.h"
#include "core/base/concat.h"

namespace hozen {

// Thread-safe. "Durable" as long as it lives.
class MemBlobStore : public BlobStore {
 public:
  // quota_bytes of frames; 0 = none.
  explicit MemBlobStore(uint64_t quota_bytes = 0) : quota_bytes_(quota_bytes) {}

  absl::StatusOr<std::vector<bool>> Has(absl::Span<const Digest> digests) override {
    absl::MutexLock lock(&mutex_);
    std::vector<bool> has;
    for (const Digest& digest : digests) {
      const auto found = chunks_.find(digest);
      has.push_back(found != chunks_.end() && !found->second.damaged);
    }
    return has;
  }

  absl::Status Put(std::vector<VerifiedChunk> chunks) override {
    absl::MutexLock lock(&mutex_);
    if (!next_put_.ok()) return std::exchange(next_put_, absl::OkStatus());
    for (VerifiedChunk& chunk : chunks) {
      const auto found = chunks_.find(chunk.sha256());
      if (found != chunks_.end() && !found->second.damaged) continue;
      if (quota_bytes_ > 0 && stored_bytes_ + chunk.frame().size() > quota_bytes_) {
        return absl::ResourceExhaustedError("the store is full");
      }
      stored_bytes_ += chunk.frame().size();
      const Digest sha256 = chunk.sha256();
      const uint32_t size_bytes = chunk.size_bytes();
      chunks_.insert_or_assign(sha256, Stored{size_bytes, std::move(chunk).ReleaseFrame(), false});
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Get(const Digest& sha256) override {
    absl::MutexLock lock(&mutex_);
    const auto found = chunks_.find(sha256);
    if (found == chunks_.end()) return absl::NotFoundError(Concat("chunk ", sha256.ToHex(), " is not in the store"));
    auto plain = UnpackVerified(sha256, found->second.size_bytes, found->second.frame);
    if (plain.ok()) return plain;
    found->second.damaged = true;
    return absl::DataLossError(Concat("chunk ", sha256.ToHex(), " in memory at offset 0: ", plain.status().message()));
  }

  absl::StatusOr<BlobStoreStats> Stats() override {
    absl::MutexLock lock(&mutex_);
    BlobStoreStats stats;
    for (const auto& [digest, stored] : chunks_) {
      if (stored.damaged) continue;
      ++stats.chunks;
      stats.plain_bytes += stored.size_bytes;
      stats.stored_bytes += stored.frame.size();
    }
    return stats;
  }

  // Flips a bit of what is stored; the chunk must be there.
  void Damage(const Digest& sha256) {
    absl::MutexLock lock(&mutex_);
    std::string& frame = chunks_.at(sha256).frame;
    frame[frame.size() / 2] ^= 1;
  }

  // The next Put stores nothing and says this.
  void FailNextPut(absl::Status status) {
    absl::MutexLock lock(&mutex_);
    next_put_ = std::move(status);
  }

 private:
  struct Stored {
    uint32_t size_bytes;
    std::string frame;
    bool damaged;
  };
  const uint64_t quota_bytes_;
  absl::Mutex mutex_;
  std::map<Digest, Stored> chunks_ ABSL_GUARDED_BY(mutex_);
  uint64_t stored_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status next_put_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_STORE_MEM_BLOB_STORE_H_
