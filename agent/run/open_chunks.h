// Chunks some of whose parts are still to come.
#ifndef HOZEN_AGENT_RUN_OPEN_CHUNKS_H_
#define HOZEN_AGENT_RUN_OPEN_CHUNKS_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "agent/run/chunk_assembly.h"

namespace hozen {

// Thread-compatible. Knows them by their numbers (CutPart::chunk).
class OpenChunks {
 public:
  // The chunk with this number; a new one where there is none.
  std::shared_ptr<ChunkAssembly> Get(uint64_t number);
  // Takes it out; null where it has no parts.
  std::shared_ptr<ChunkAssembly> Take(uint64_t number);
  // Takes out the one that is open longest; null where there is none.
  std::shared_ptr<ChunkAssembly> TakeOldest();

  void NoteBytes(uint64_t bytes) { held_bytes_ += bytes; }
  uint64_t held_bytes() const { return held_bytes_; }
  bool empty() const { return by_number_.empty(); }

 private:
  absl::flat_hash_map<uint64_t, std::shared_ptr<ChunkAssembly>> by_number_;
  std::deque<uint64_t> numbers_;  // oldest first; those that were taken out stay until they are met
  uint64_t held_bytes_ = 0;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_RUN_OPEN_CHUNKS_H_
