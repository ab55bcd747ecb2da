// The right edge of a growing tree: the last, partial tile of each level. All that it takes to append, and to know the
// root.
#ifndef HOZEN_COLLECTOR_CUSTODY_TILE_EDGE_H_
#define HOZEN_COLLECTOR_CUSTODY_TILE_EDGE_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/crypto/sha256.h"

namespace hozen {

// Thread-compatible value.
class TileEdge {
 public:
  uint64_t tree_size() const { return tree_size_; }
  // At most 255 hashes; none where the level's last tile is full or the level does not exist.
  const std::vector<Digest>& level(int level) const;

  // A tile that has grown or is now full (256 hashes), from level 0 upwards.
  using OnTile = std::function<absl::Status(int level, uint64_t number, const std::vector<Digest>& hashes)>;
  // Adds a leaf and shows each tile that it changed. On an error the edge is not to be used any more.
  absl::Status Append(const Digest& leaf_hash, const OnTile& on_tile);

  // Of `tree_size` leaves, from its partial tiles; `read` is asked for those that are not empty.
  static absl::StatusOr<TileEdge> Load(
      uint64_t tree_size,
      const std::function<absl::StatusOr<std::vector<Digest>>(int level, uint64_t number, uint64_t width)>& read);

  absl::StatusOr<Digest> Root() const;

 private:
  uint64_t tree_size_ = 0;
  std::vector<std::vector<Digest>> levels_;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_CUSTODY_TILE_EDGE_H_
