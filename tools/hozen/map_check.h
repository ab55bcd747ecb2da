// Where a stream departs from its map.
#ifndef HOZEN_TOOLS_HOZEN_MAP_CHECK_H_
#define HOZEN_TOOLS_HOZEN_MAP_CHECK_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/evidence/map.h"

namespace hozen {

// Reads a stream front to back along its map and stops at the first run whose bytes are not what the map says.
// Thread-compatible. Memory is bounded by the largest chunk.
class MapCheck {
 public:
  // Up to `size` further bytes of the stream into `buffer`; 0 at its end.
  using Read = std::function<absl::StatusOr<size_t>(char* buffer, size_t size)>;
  explicit MapCheck(Read read) : read_(std::move(read)) {}

  // The next piece of the map. Nothing more is read once a wrong run is found. A stream that cannot be read any further
  // is wrong there.
  void Follow(const ExtentList& extents);

  // Offset of the first wrong run: of its first byte for a chunk, of the very byte for zeros.
  const std::optional<uint64_t>& wrong_at() const { return wrong_at_; }
  const std::string& why() const { return why_; }

 private:
  void FollowChunk(const v1::Extent& extent);
  void FollowZeros(uint64_t size_bytes);
  // Fills the buffer to `size`; false, with wrong_at_ set, where the stream ends before.
  bool Fill(size_t size);

  Read read_;
  std::string buffer_;
  uint64_t offset_bytes_ = 0;
  std::optional<uint64_t> wrong_at_;
  std::string why_;
};

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_MAP_CHECK_H_
