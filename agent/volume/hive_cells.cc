#include "agent/volume/hive_cells.h"

#include <algorithm>
#include <utility>

#include "agent/volume/hive_base_block.h"
#include "agent/volume/little_endian.h"
#include "core/base/wtf8.h"

namespace hozen {
namespace {

constexpr size_t kKeyBytes = 76;    // before its name
constexpr size_t kValueBytes = 20;  // likewise
constexpr uint32_t kLatin1Key = 0x20;
constexpr uint32_t kLatin1Value = 0x01;
constexpr uint32_t kNone = 0xFFFFFFFF;
constexpr uint32_t kInline = 0x80000000;
constexpr size_t kSegmentBytes = 16344;              // of data that is longer than one
constexpr uint32_t kSegmentsSince = 4;               // version 1.4
constexpr uint64_t kUnixEpoch = 116444736000000000;  // in 100 ns since 1601
constexpr uint64_t kMaxUnixTicks = uint64_t{1} << 56;

uint32_t Number(std::string_view bytes, size_t at, size_t size) {
  return static_cast<uint32_t>(LittleEndian(bytes, at, size));
}

int64_t UnixNanoseconds(uint64_t file_time) {
  if (file_time < kUnixEpoch || file_time - kUnixEpoch > kMaxUnixTicks) return 0;
  return static_cast<int64_t>((file_time - kUnixEpoch) * 100);
}

std::string Name(std::string_view bytes, bool latin1) { return latin1 ? Utf8OfLatin1(bytes) : Wtf8OfUtf16(bytes); }

}  // namespace

absl::StatusOr<HiveCells> HiveCells::Open(std::string bytes) {
  const std::optional<HiveBaseBlock> base = ReadHiveBaseBlock(bytes);
  if (!base.has_value() || bytes.size() < kHivePageBytes) {
    return absl::DataLossError("it does not begin as a registry hive does");
  }
  HiveCells cells;
  cells.minor_version_ = base->minor_version;
  cells.root_ = base->root;
  cells.bytes_ = std::move(bytes);
  if (!cells.KeyAt(cells.root_).has_value()) {
    return absl::DataLossError(base->sum_is_right
                                   ? "the hive's root key cannot be read"
                                   : "the hive's first page is damaged, and its root key not where it says");
  }
  return cells;
}

std::string_view HiveCells::CellAt(uint32_t offset) const {
  const uint64_t at = uint64_t{kHivePageBytes} + offset;
  if (offset == kNone || offset % 8 != 0 || at + 4 > bytes_.size()) return "";
  // In use where it is negative.
  const auto size = static_cast<int32_t>(Number(bytes_, at, 4));
  if (size >= 0 || size == INT32_MIN) return "";
  const auto size_bytes = static_cast<uint64_t>(-int64_t{size});
  if (size_bytes < 8 || size_bytes > bytes_.size() - at) return "";
  return std::string_view(bytes_).substr(at + 4, size_bytes - 4);
}

std::optional<HiveKey> HiveCells::KeyAt(uint32_t offset) const {
  const std::string_view cell = CellAt(offset);
  if (cell.size() < kKeyBytes || !cell.starts_with("nk")) return std::nullopt;
  const size_t name_bytes = Number(cell, 72, 2);
  if (name_bytes > cell.size() - kKeyBytes) return std::nullopt;
  HiveKey key;
  key.name = Name(cell.substr(kKeyBytes, name_bytes), (Number(cell, 2, 2) & kLatin1Key) != 0);
  key.last_written_unix_ns = UnixNanoseconds(LittleEndian(cell, 4, 8));
  key.subkey_count = Number(cell, 20, 4);
  key.subkey_list = Number(cell, 28, 4);
  key.value_count = Number(cell, 36, 4);
  key.value_list = Number(cell, 40, 4);
  return key;
}

std::optional<HiveValue> HiveCells::ValueAt(uint32_t offset, size_t most_data_bytes) const {
  const std::string_view cell = CellAt(offset);
  if (cell.size() < kValueBytes || !cell.starts_with("vk")) return std::nullopt;
  const size_t name_bytes = Number(cell, 2, 2);
  if (name_bytes > cell.size() - kValueBytes) return std::nullopt;
  HiveValue value;
  value.name = Name(cell.substr(kValueBytes, name_bytes), (Number(cell, 16, 2) & kLatin1Value) != 0);
  value.type = Number(cell, 12, 4);
  ReadData(cell, most_data_bytes, value);
  return value;
}

void HiveCells::ReadData(std::string_view record, size_t most_data_bytes, HiveValue& value) const {
  const uint32_t size = Number(record, 4, 4);
  if ((size & kInline) != 0) {
    // At most what stands in the place of the offset.
    value.size_bytes = size & ~kInline;
    value.data = record.substr(8, std::min<uint64_t>({value.size_bytes, 4, most_data_bytes}));
    value.cut_off = value.size_bytes > 4;
    return;
  }
  value.size_bytes = size;
  if (size == 0) return;
  const std::string_view cell = CellAt(Number(record, 8, 4));
  if (size > kSegmentBytes && minor_version_ >= kSegmentsSince && cell.starts_with("db")) {
    return ReadSegments(cell, most_data_bytes, value);
  }
  value.data = cell.substr(0, std::min<uint64_t>(size, most_data_bytes));
  value.cut_off = cell.size() < size;
}

void HiveCells::ReadSegments(std::string_view table, size_t most_data_bytes, HiveValue& value) const {
  const size_t count = Number(table, 2, 2);
  const std::string_view list = CellAt(Number(table, 4, 4));
  uint64_t left = value.size_bytes;
  for (size_t i = 0; i < count && left > 0 && value.data.size() < most_data_bytes; ++i) {
    const std::string_view segment = CellAt(i * 4 + 4 <= list.size() ? Number(list, i * 4, 4) : kNone);
    const uint64_t wanted = std::min<uint64_t>(left, kSegmentBytes);
    if (segment.size() < wanted) {
      value.cut_off = true;
      return;
    }
    value.data += segment.substr(0, std::min<uint64_t>(wanted, most_data_bytes - value.data.size()));
    left -= wanted;
  }
  value.cut_off = left > 0 && value.data.size() < most_data_bytes;
}

bool HiveCells::Values(const HiveKey& key, size_t most, std::vector<uint32_t>& offsets) const {
  offsets.clear();
  if (key.value_count == 0 || key.value_list == kNone) return key.value_count == 0;
  const std::string_view list = CellAt(key.value_list);
  const size_t count = std::min<size_t>({key.value_count, list.size() / 4, most});
  for (size_t i = 0; i < count; ++i) offsets.push_back(Number(list, i * 4, 4));
  return count == key.value_count;
}

bool HiveCells::Subkeys(const HiveKey& key, size_t most, std::vector<uint32_t>& offsets) const {
  offsets.clear();
  if (key.subkey_count == 0) return true;
  return AddSubkeys(key.subkey_list, /*of_lists=*/true, most, offsets) && offsets.size() == key.subkey_count;
}

// li: offsets. lf, lh: offsets, each with a hash of its name. ri: offsets of the others, never of another ri.
bool HiveCells::AddSubkeys(uint32_t list, bool of_lists, size_t most, std::vector<uint32_t>& offsets) const {
  const std::string_view cell = CellAt(list);
  const std::string_view kind = cell.substr(0, 2);
  const bool is_list_of_lists = kind == "ri";
  if (kind != "li" && kind != "lf" && kind != "lh" && !(is_list_of_lists && of_lists)) return false;
  const size_t step = kind == "lf" || kind == "lh" ? 8 : 4;
  const size_t said = Number(cell, 2, 2);
  const size_t count = std::min(said, (cell.size() - std::min<size_t>(cell.size(), 4)) / step);
  bool whole = count == said;
  for (size_t i = 0; i < count; ++i) {
    if (offsets.size() >= most) return false;
    const uint32_t offset = Number(cell, 4 + i * step, 4);
    if (!is_list_of_lists) {
      offsets.push_back(offset);
    } else if (!AddSubkeys(offset, /*of_lists=*/false, most, offsets)) {
      whole = false;
    }
  }
  return whole;
}

}  // namespace hozen
