// Whether the image of a part of a disk is what the host signed: the host signed no SHA-256 of the part, but each chunk
// has one.
#ifndef HOZEN_TOOLS_HOZEN_RANGE_CHECK_H_
#define HOZEN_TOOLS_HOZEN_RANGE_CHECK_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/bytes/source.h"
#include "core/crypto/sha256.h"
#include "core/evidence/map.h"

namespace hozen {

// Thread-compatible. Follow the whole map of the disk once with Follow, then again with FollowAgain, then Finish.
// Memory grows with the number of runs that are parts of a chunk, not with the image.
class RangeCheck {
 public:
  using OnProgress = std::function<void(uint64_t done_bytes)>;
  // The image is [offset_bytes, offset_bytes + its size) of the disk's stream, and must outlive this.
  RangeCheck(Source& image, uint64_t offset_bytes, OnProgress on_progress)
      : image_(image), from_(offset_bytes), on_progress_(std::move(on_progress)) {}

  // Checks runs of zeros and chunks that stand in the image in one piece. The status is that of reading the image.
  absl::Status Follow(const ExtentList& extents);
  // Learns how long those chunks are that the image has in pieces.
  void FollowAgain(const ExtentList& extents);
  // Puts those together and checks them.
  absl::Status Finish();

  // Of the first run, in the disk's stream, whose bytes are wrong.
  const std::optional<uint64_t>& wrong_at() const { return wrong_at_; }
  // Where a read failed, in the image's own offsets; the failure is somewhere in the largest chunk's size from there
  // on.
  const std::optional<uint64_t>& unreadable_at() const { return unreadable_at_; }
  // Bytes of chunks of which the image has only a part: neither right nor wrong by what was signed.
  uint64_t unproven_bytes() const { return unproven_bytes_; }

 private:
  struct Piece {
    uint64_t chunk_offset_bytes;
    uint64_t size_bytes;
    uint64_t stream_at;
  };
  struct Chunk {
    std::vector<Piece> pieces;
    uint64_t size_bytes = 0;
  };

  absl::StatusOr<std::string> Read(uint64_t stream_at, uint64_t size_bytes);
  absl::Status FollowChunk(const v1::Extent& extent);
  absl::Status FollowZeros(uint64_t stream_at, uint64_t size_bytes);
  void Wrong(uint64_t stream_at);

  Source& image_;
  const uint64_t from_;
  const OnProgress on_progress_;
  uint64_t at_ = 0;
  std::map<Digest, Chunk> pieced_;
  std::optional<uint64_t> wrong_at_;
  std::optional<uint64_t> unreadable_at_;
  uint64_t unproven_bytes_ = 0;
};

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_RANGE_CHECK_H_
