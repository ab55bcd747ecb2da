#include "agent/volume/hive_base_block.h"

#include <algorithm>

#include "agent/volume/little_endian.h"

namespace hozen {
namespace {

constexpr size_t kChecksumOffset = 508;

uint32_t Number(std::string_view bytes, size_t at) { return static_cast<uint32_t>(LittleEndian(bytes, at, 4)); }

// All words before it, one over the other; 0 and -1 are not used.
uint32_t ChecksumOf(std::string_view bytes) {
  uint32_t sum = 0;
  for (size_t at = 0; at < kChecksumOffset; at += 4) sum ^= Number(bytes, at);
  return sum == 0xFFFFFFFF ? 0xFFFFFFFE : std::max(sum, uint32_t{1});
}

}  // namespace

std::optional<HiveBaseBlock> ReadHiveBaseBlock(std::string_view bytes) {
  if (bytes.size() < kHiveBaseBlockBytes || !bytes.starts_with("regf")) return std::nullopt;
  HiveBaseBlock block;
  block.sum_is_right = Number(bytes, kChecksumOffset) == ChecksumOf(bytes);
  block.first_sequence = Number(bytes, 4);
  block.second_sequence = Number(bytes, 8);
  block.file_time = LittleEndian(bytes, 12, 8);
  block.minor_version = Number(bytes, 24);
  block.type = Number(bytes, 28);
  block.root = Number(bytes, 36);
  block.bins_bytes = Number(bytes, 40);
  return block;
}

}  // namespace hozen
