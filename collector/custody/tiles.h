// The tlog-tiles layout (https://c2sp.org/tlog-tiles): where tiles and entry bundles stand, and what is in them.
#ifndef HOZEN_COLLECTOR_CUSTODY_TILES_H_
#define HOZEN_COLLECTOR_CUSTODY_TILES_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/crypto/sha256.h"

namespace hozen {

inline constexpr uint64_t kTileWidth = 256;
inline constexpr int kTileHeight = 8;  // a tile's hashes are the leaves of a tree so high
inline constexpr int kEntriesLevel = -1;

// Relative to the log's folder: "tile/0/x001/067.p/7". `level` from 0, or kEntriesLevel for entry bundles. `width` from
// 1 to kTileWidth, where the tile is full.
std::filesystem::path TilePath(int level, uint64_t number, uint64_t width);
// The folder with a tile's partial files: "tile/0/x001/067.p".
std::filesystem::path PartialTilesPath(int level, uint64_t number);

// How many hashes level `level` has in a tree of `tree_size` leaves.
uint64_t HashesOnLevel(int level, uint64_t tree_size);

std::string EncodeTile(const std::vector<Digest>& hashes);
// DataLoss unless it is exactly `width` hashes.
absl::StatusOr<std::vector<Digest>> DecodeTile(std::string_view bytes, uint64_t width);

// `entry` must be at most 65,535 bytes.
void AppendEntry(std::string_view entry, std::string& bundle);
// DataLoss unless it is exactly `width` entries. The views point into `bundle`.
absl::StatusOr<std::vector<std::string_view>> DecodeBundle(std::string_view bundle, uint64_t width);

// The root of the complete tree over `count` hashes, a power of two, from `first`.
Digest SubtreeRoot(const std::vector<Digest>& hashes, uint64_t first, uint64_t count);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_CUSTODY_TILES_H_
