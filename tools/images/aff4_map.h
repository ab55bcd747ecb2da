// The map of an AFF4 image that a stranger may have made: which target has which bytes of it.
#ifndef HOZEN_TOOLS_IMAGES_AFF4_MAP_H_
#define HOZEN_TOOLS_IMAGES_AFF4_MAP_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "core/bytes/source.h"

namespace hozen {

// Thread-compatible. Runs stay in the file: memory is a window of it. Only of a map that is not in order are all runs
// taken into memory, to be sorted.
class Aff4Map {
 public:
  static constexpr uint64_t kMostSortedBytes = 32 << 20;

  // The bytes of one target, or those that no run has.
  struct Piece {
    uint64_t size_bytes = 0;
    std::optional<uint32_t> target;  // none: a gap
    uint64_t target_at = 0;
  };

  // Goes through all runs of `runs`, the map's member. DataLoss where one reaches out of the image, names a target that
  // is not there, or overlaps another; Unimplemented where they are out of order and more than kMostSortedBytes.
  static absl::StatusOr<Aff4Map> Create(std::unique_ptr<Source> runs, uint64_t image_bytes, uint64_t targets);

  // What is at this offset, which lies in the image, and how far it reaches. DataLoss where the file changed meanwhile.
  absl::StatusOr<Piece> At(uint64_t offset_bytes);

 private:
  struct Run {
    uint64_t at = 0;
    uint64_t size_bytes = 0;
    uint64_t target_at = 0;
    uint32_t target = 0;
    uint64_t end() const { return at + size_bytes; }
  };
  Aff4Map(std::unique_ptr<Source> runs, uint64_t image_bytes, uint64_t targets);

  absl::StatusOr<Run> RunAt(uint64_t index);
  // Whether the runs are in order without overlaps; DataLoss as Create.
  absl::StatusOr<bool> Check();
  absl::Status Sort();

  std::unique_ptr<Source> runs_;
  uint64_t image_bytes_;
  uint64_t targets_;
  uint64_t count_;
  std::string window_;
  uint64_t window_begin_ = 0;  // index of its first run
  uint64_t last_ = 0;          // index of the run that was found last
};

}  // namespace hozen

#endif  // HOZEN_TOOLS_IMAGES_AFF4_MAP_H_
