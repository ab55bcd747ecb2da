// The first page of a registry hive and of its logs (docs/formats/registry.md). The child's side only; thread-safe.
#ifndef HOZEN_AGENT_VOLUME_HIVE_BASE_BLOCK_H_
#define HOZEN_AGENT_VOLUME_HIVE_BASE_BLOCK_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace hozen {

inline constexpr size_t kHivePageBytes = 4096;
// What a log has of it, and what the checksum is over, itself included.
inline constexpr size_t kHiveBaseBlockBytes = 512;

struct HiveBaseBlock {
  bool sum_is_right = false;
  uint32_t first_sequence = 0;   // written before a change
  uint32_t second_sequence = 0;  // written behind it
  uint64_t file_time = 0;
  uint32_t minor_version = 0;
  uint32_t type = 0;  // 0: a hive; 1, 2: a log of the old format; 6: of the new one
  uint32_t root = 0;
  uint32_t bins_bytes = 0;

  // Windows had not written all that it meant to.
  bool is_dirty() const { return !sum_is_right || first_sequence != second_sequence; }
};

// nullopt where `bytes` do not begin with one.
std::optional<HiveBaseBlock> ReadHiveBaseBlock(std::string_view bytes);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_HIVE_BASE_BLOCK_H_
