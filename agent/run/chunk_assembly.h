// A chunk that comes together from parts of a stream, in whatever order they stand there.
#ifndef HOZEN_AGENT_RUN_CHUNK_ASSEMBLY_H_
#define HOZEN_AGENT_RUN_CHUNK_ASSEMBLY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "core/chunk/chunk.h"

namespace hozen {

// Handed from one thread to the next: whoever reads adds the parts, a hashing thread calls Hash once no more will come,
// and who passes the stream on waits for that.
class ChunkAssembly {
 public:
  // The reading thread's. Parts have different positions; together they are at most kMaxChunkSizeBytes long.
  void Add(uint64_t position, std::shared_ptr<const std::string> bytes);
  uint64_t size_bytes() const { return size_bytes_; }

  // The hashing thread's: puts the parts in the order of their positions and names the chunk.
  void Hash();

  // Everyone's, after Hash: waits for it.
  void WaitUntilHashed() const { hashed_.WaitForNotification(); }
  bool all_zero() const { return all_zero_; }
  // Not of an all-zero one.
  const PlainChunk& chunk() const { return chunk_; }
  PlainChunk TakeChunk() { return std::move(chunk_); }
  // Where the part with this position stands in the chunk.
  uint32_t OffsetOf(uint64_t position) const;

 private:
  struct Part {
    uint64_t position;
    std::shared_ptr<const std::string> bytes;  // until it is hashed
    uint32_t offset_bytes;
  };
  std::vector<Part> parts_;
  uint64_t size_bytes_ = 0;
  bool all_zero_ = false;
  PlainChunk chunk_;
  absl::Notification hashed_;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_RUN_CHUNK_ASSEMBLY_H_
