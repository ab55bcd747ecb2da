// The records of a registry hive (regf; docs/formats/registry.md), over bytes of strangers: whatever they say, nothing
// outside of them is read. The child's side only.
#ifndef HOZEN_AGENT_VOLUME_HIVE_CELLS_H_
#define HOZEN_AGENT_VOLUME_HIVE_CELLS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace hozen {

// Names are WTF-8.
struct HiveKey {
  std::string name;
  int64_t last_written_unix_ns = 0;  // 0: a time that cannot be
  uint32_t subkey_count = 0;
  uint32_t subkey_list = 0;
  uint32_t value_count = 0;
  uint32_t value_list = 0;
};

struct HiveValue {
  std::string name;
  uint32_t type = 0;
  uint64_t size_bytes = 0;
  std::string data;      // at most what was asked for
  bool cut_off = false;  // the hive lacks what `data` lacks
};

// Thread-safe: nothing changes.
class HiveCells {
 public:
  // DataLoss where it is no hive, or so damaged that its root cannot be found.
  static absl::StatusOr<HiveCells> Open(std::string bytes);

  uint32_t root() const { return root_; }
  size_t size_bytes() const { return bytes_.size(); }

  // nullopt where there is no such record at `offset`, which counts from the first bin.
  std::optional<HiveKey> KeyAt(uint32_t offset) const;
  std::optional<HiveValue> ValueAt(uint32_t offset, size_t most_data_bytes) const;

  // The records of a key's values or subkeys, at most `most`. False where the lists do not hold as many as the key
  // says.
  bool Values(const HiveKey& key, size_t most, std::vector<uint32_t>& offsets) const;
  bool Subkeys(const HiveKey& key, size_t most, std::vector<uint32_t>& offsets) const;

 private:
  HiveCells() = default;
  // What a cell in use holds; empty where there is none.
  std::string_view CellAt(uint32_t offset) const;
  bool AddSubkeys(uint32_t list, bool of_lists, size_t most, std::vector<uint32_t>& offsets) const;
  void ReadData(std::string_view record, size_t most_data_bytes, HiveValue& value) const;
  void ReadSegments(std::string_view table, size_t most_data_bytes, HiveValue& value) const;

  std::string bytes_;
  uint32_t root_ = 0;
  uint32_t minor_version_ = 0;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_HIVE_CELLS_H_
