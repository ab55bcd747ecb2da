// What a stream has come to so far, as its pieces are passed on in order: its hash, its counts, when it was read.
#ifndef HOZEN_AGENT_RUN_STREAM_UNDER_WAY_H_
#define HOZEN_AGENT_RUN_STREAM_UNDER_WAY_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/run/progress_so_far.h"
#include "core/crypto/sha256.h"
#include "proto/hozen/v1/agent_state.pb.h"

namespace hozen {

// Thread-compatible.
class StreamUnderWay {
 public:
  // DataLoss where what is resumed holds no state of a hash.
  static absl::StatusOr<StreamUnderWay> Begin(v1::Item item, uint64_t number, const UnfinishedStream* resumed);

  // The next piece: what it was, and its bytes where it has some (all others count as zeros).
  void AddBytes(std::string_view bytes) { sha256_.Update(bytes); }
  void AddZeros(uint64_t size_bytes);
  void AddUnreadable(uint64_t size_bytes, const v1::Failure& failure);
  void AddNotAcquired(uint64_t size_bytes);
  // Of bytes that AddBytes was given: they were all zero, or a chunk's.
  void NoteZeroBytes(uint64_t size_bytes) { zero_bytes_ += size_bytes; }
  void NoteChunkBytes(uint64_t size_bytes) { chunk_bytes_ += size_bytes; }
  // The piece is over.
  void Advance(uint64_t size_bytes, size_t extents);
  // Disks only: the piece that comes was read at this time.
  void NoteReadTime(int64_t unix_ms);

  uint64_t offset_bytes() const { return offset_bytes_; }
  uint64_t number() const { return number_; }
  // Since the last checkpoint.
  uint64_t chunk_bytes() const { return chunk_bytes_; }
  uint64_t stream_bytes() const { return stream_bytes_; }
  size_t extents() const { return extents_; }

  // Where it stands now; the next one counts from here.
  v1::StreamCheckpoint Checkpoint();
  bool checkpointed() const { return checkpointed_; }
  // The item as it is at its end. `cut` says why it ended before its time.
  v1::Item Finish(std::optional<v1::Failure> cut, int64_t finished_unix_ns) &&;

 private:
  StreamUnderWay() = default;

  v1::Item item_;
  uint64_t number_ = 0;
  Sha256 sha256_;
  uint64_t offset_bytes_ = 0;
  uint64_t zero_bytes_ = 0;
  uint64_t unreadable_bytes_ = 0;
  uint64_t not_acquired_bytes_ = 0;
  std::optional<v1::Failure> first_unreadable_;
  bool checkpointed_ = false;
  // Since the last checkpoint.
  uint64_t chunk_bytes_ = 0;
  uint64_t stream_bytes_ = 0;
  size_t extents_ = 0;
  std::vector<v1::ReadTime> read_times_;

  uint64_t noted_times_ = 0;
  int64_t last_noted_ms_ = 0;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_RUN_STREAM_UNDER_WAY_H_
