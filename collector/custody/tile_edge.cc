#include "collector/custody/tile_edge.h"

#include <utility>

#include "collector/custody/tiles.h"
#include "core/base/status_macros.h"
#include "core/evidence/merkle.h"

namespace hozen {

const std::vector<Digest>& TileEdge::level(int level) const {
  static const auto& kNone = *new std::vector<Digest>();
  return static_cast<size_t>(level) < levels_.size() ? levels_[level] : kNone;
}

absl::Status TileEdge::Append(const Digest& leaf_hash, const OnTile& on_tile) {
  Digest hash = leaf_hash;
  ++tree_size_;
  for (int level = 0;; ++level) {
    if (static_cast<size_t>(level) == levels_.size()) levels_.emplace_back();
    std::vector<Digest>& tile = levels_[level];
    tile.push_back(hash);
    HOZEN_RETURN_IF_ERROR(on_tile(level, (HashesOnLevel(level, tree_size_) - 1) / kTileWidth, tile));
    if (tile.size() < kTileWidth) return absl::OkStatus();
    hash = SubtreeRoot(tile, 0, kTileWidth);
    tile.clear();
  }
}

absl::StatusOr<TileEdge> TileEdge::Load(
    uint64_t tree_size,
    const std::function<absl::StatusOr<std::vector<Digest>>(int level, uint64_t number, uint64_t width)>& read) {
  TileEdge edge;
  edge.tree_size_ = tree_size;
  for (int level = 0; HashesOnLevel(level, tree_size) > 0; ++level) {
    const uint64_t hashes = HashesOnLevel(level, tree_size);
    std::vector<Digest>& tile = edge.levels_.emplace_back();
    if (hashes % kTileWidth == 0) continue;
    HOZEN_ASSIGN_OR_RETURN(tile, read(level, hashes / kTileWidth, hashes % kTileWidth));
  }
  return edge;
}

absl::StatusOr<Digest> TileEdge::Root() const {
  // The complete subtrees that make up a tree's root all lie in the last tiles of their levels.
  return RootHash(tree_size_, [this](int tree_level, uint64_t index) -> absl::StatusOr<Digest> {
    const std::vector<Digest>& tile = level(tree_level / kTileHeight);
    const uint64_t count = uint64_t{1} << (tree_level % kTileHeight);
    const uint64_t first = index * count % kTileWidth;
    if (first + count > tile.size()) return absl::InternalError("a subtree was asked for that is not at the edge");
    return SubtreeRoot(tile, first, count);
  });
}

}  // namespace hozen
