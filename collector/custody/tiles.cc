#include "collector/custody/tiles.h"

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"
#include "core/evidence/merkle.h"

namespace hozen {
namespace {

std::filesystem::path FullTilePath(int level, uint64_t number) {
  std::string digits = absl::StrFormat("%03d", number % 1000);
  for (number /= 1000; number > 0; number /= 1000) digits = absl::StrFormat("x%03d/", number % 1000) + digits;
  return std::filesystem::path("tile") / (level == kEntriesLevel ? "entries" : Concat(level)) / digits;
}

}  // namespace

std::filesystem::path PartialTilesPath(int level, uint64_t number) {
  std::filesystem::path path = FullTilePath(level, number);
  path += ".p";
  return path;
}

std::filesystem::path TilePath(int level, uint64_t number, uint64_t width) {
  return width == kTileWidth ? FullTilePath(level, number) : PartialTilesPath(level, number) / Concat(width);
}

uint64_t HashesOnLevel(int level, uint64_t tree_size) {
  const int shift = level == kEntriesLevel ? 0 : level * kTileHeight;
  return shift >= 64 ? 0 : tree_size >> shift;
}

std::string EncodeTile(const std::vector<Digest>& hashes) {
  std::string bytes;
  bytes.reserve(hashes.size() * Digest::kSizeBytes);
  for (const Digest& hash : hashes) bytes += hash.bytes();
  return bytes;
}

absl::StatusOr<std::vector<Digest>> DecodeTile(std::string_view bytes, uint64_t width) {
  if (bytes.size() != width * Digest::kSizeBytes) {
    return absl::DataLossError(Concat("the tile has ", bytes.size(), " bytes instead of ", width, " hashes"));
  }
  std::vector<Digest> hashes;
  hashes.reserve(width);
  for (uint64_t i = 0; i < width; ++i) {
    HOZEN_ASSIGN_OR_RETURN(hashes.emplace_back(),
                           Digest::FromBytes(bytes.substr(i * Digest::kSizeBytes, Digest::kSizeBytes)));
  }
  return hashes;
}

void AppendEntry(std::string_view entry, std::string& bundle) {
  bundle += static_cast<char>(entry.size() >> 8);
  bundle += static_cast<char>(entry.size());
  bundle += entry;
}

absl::StatusOr<std::vector<std::string_view>> DecodeBundle(std::string_view bundle, uint64_t width) {
  std::vector<std::string_view> entries;
  while (!bundle.empty()) {
    if (bundle.size() < 2) return absl::DataLossError("the entry bundle ends inside a length");
    const size_t size = size_t{static_cast<uint8_t>(bundle[0])} << 8 | static_cast<uint8_t>(bundle[1]);
    bundle.remove_prefix(2);
    if (size > bundle.size()) return absl::DataLossError("the entry bundle ends inside an entry");
    entries.push_back(bundle.substr(0, size));
    bundle.remove_prefix(size);
  }
  if (entries.size() != width) {
    return absl::DataLossError(Concat("the entry bundle has ", entries.size(), " entries instead of ", width));
  }
  return entries;
}

Digest SubtreeRoot(const std::vector<Digest>& hashes, uint64_t first, uint64_t count) {
  if (count == 1) return hashes[first];
  return NodeHash(SubtreeRoot(hashes, first, count / 2), SubtreeRoot(hashes, first + count / 2, count / 2));
}

}  // namespace hozen
