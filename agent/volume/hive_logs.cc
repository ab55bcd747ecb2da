#include "agent/volume/hive_logs.h"

#include <algorithm>
#include <bit>
#include <optional>

#include "agent/volume/hive_base_block.h"
#include "agent/volume/little_endian.h"

namespace hozen {
namespace {

constexpr size_t kSector = 512;
constexpr size_t kEntryHeaderBytes = 40;
constexpr size_t kHashedHeaderBytes = 32;
constexpr uint32_t kOldLog = 1;
constexpr uint32_t kOlderLog = 2;
constexpr uint32_t kNewLog = 6;

uint32_t Number(std::string_view bytes, size_t at) { return static_cast<uint32_t>(LittleEndian(bytes, at, 4)); }

// An entry of the new format whose hashes are right.
struct LogEntry {
  uint32_t sequence = 0;
  uint32_t bins_bytes = 0;
  uint32_t pages = 0;
  std::string_view bytes;  // all of it
};

std::optional<LogEntry> EntryAt(std::string_view log, size_t at) {
  const std::string_view rest = log.substr(std::min(at, log.size()));
  if (rest.size() < kEntryHeaderBytes || !rest.starts_with("HvLE")) return std::nullopt;
  const size_t size = Number(rest, 4);
  if (size < kSector || size % kSector != 0 || size > rest.size()) return std::nullopt;
  LogEntry entry = {.sequence = Number(rest, 12),
                    .bins_bytes = Number(rest, 16),
                    .pages = Number(rest, 20),
                    .bytes = rest.substr(0, size)};
  if (entry.bins_bytes % kHivePageBytes != 0 || entry.pages > (size - kEntryHeaderBytes) / 8) return std::nullopt;
  const bool hashes_are_right =
      LittleEndian(rest, 32, 8) == Marvin32(kHiveLogSeed, entry.bytes.substr(0, kHashedHeaderBytes)) &&
      LittleEndian(rest, 24, 8) == Marvin32(kHiveLogSeed, entry.bytes.substr(kEntryHeaderBytes));
  return hashes_are_right ? std::optional(entry) : std::nullopt;
}

// False where it names what it does not have, or a place where no hive has anything.
bool Apply(const LogEntry& entry, size_t most_bytes, std::string& hive) {
  const uint64_t wanted_bytes = uint64_t{kHivePageBytes} + entry.bins_bytes;
  if (wanted_bytes > most_bytes) return false;
  if (hive.size() < wanted_bytes) hive.resize(static_cast<size_t>(wanted_bytes), '\0');
  size_t data_at = kEntryHeaderBytes + size_t{entry.pages} * 8;
  for (uint32_t page = 0; page < entry.pages; ++page) {
    const uint64_t offset = uint64_t{kHivePageBytes} + Number(entry.bytes, kEntryHeaderBytes + size_t{page} * 8);
    const size_t size = Number(entry.bytes, kEntryHeaderBytes + size_t{page} * 8 + 4);
    if (size > entry.bytes.size() - data_at || offset + size > wanted_bytes) return false;
    hive.replace(static_cast<size_t>(offset), size, entry.bytes.substr(data_at, size));
    data_at += size;
  }
  return true;
}

struct Log {
  HiveBaseBlock base;
  std::string_view bytes;
};

// Those that can be relied on, the oldest first.
std::vector<Log> GoodLogs(const std::vector<std::string>& logs) {
  std::vector<Log> good;
  for (const std::string& bytes : logs) {
    const std::optional<HiveBaseBlock> base = ReadHiveBaseBlock(bytes);
    if (base.has_value() && !base->is_dirty()) good.push_back({.base = *base, .bytes = bytes});
  }
  std::stable_sort(good.begin(), good.end(),
                   [](const Log& a, const Log& b) { return a.base.first_sequence < b.base.first_sequence; });
  return good;
}

uint64_t ReplayNew(const std::vector<Log>& logs, uint32_t from_sequence, size_t most_bytes, std::string& hive) {
  uint64_t applied = 0;
  uint32_t next = from_sequence;
  for (const Log& log : logs) {
    if (log.base.type != kNewLog) continue;
    uint32_t sequence = log.base.first_sequence;
    size_t at = kHiveBaseBlockBytes;
    for (std::optional<LogEntry> entry = EntryAt(log.bytes, at); entry.has_value() && entry->sequence == sequence;
         entry = EntryAt(log.bytes, at), ++sequence) {
      at += entry->bytes.size();
      if (entry->sequence < next) continue;
      // A first entry later than expected is one of a hive that was written out in part. A gap behind it is the end.
      if (applied > 0 && entry->sequence != next) return applied;
      if (!Apply(*entry, most_bytes, hive)) return applied;
      next = entry->sequence + 1;
      ++applied;
    }
  }
  return applied;
}

// One bit for each sector of the bins, and the sectors whose bit is set behind them.
bool ReplayOld(const Log& log, size_t most_bytes, std::string& hive) {
  const uint64_t wanted_bytes = uint64_t{kHivePageBytes} + log.base.bins_bytes;
  const size_t bitmap_bytes = log.base.bins_bytes / kHivePageBytes;
  const size_t bitmap_at = kHiveBaseBlockBytes + 4;
  if (log.base.bins_bytes % kHivePageBytes != 0 || wanted_bytes > most_bytes ||
      log.bytes.size() < bitmap_at + bitmap_bytes || log.bytes.substr(kHiveBaseBlockBytes, 4) != "DIRT") {
    return false;
  }
  if (hive.size() < wanted_bytes) hive.resize(static_cast<size_t>(wanted_bytes), '\0');
  size_t data_at = (bitmap_at + bitmap_bytes + kSector - 1) / kSector * kSector;
  for (size_t sector = 0; sector < bitmap_bytes * 8; ++sector) {
    if ((static_cast<unsigned char>(log.bytes[bitmap_at + sector / 8]) >> (sector % 8) & 1) == 0) continue;
    if (log.bytes.size() < data_at + kSector) return true;  // what there is counts
    hive.replace(kHivePageBytes + sector * kSector, kSector, log.bytes.substr(data_at, kSector));
    data_at += kSector;
  }
  return true;
}

bool IsOld(const Log& log) { return log.base.type == kOldLog || log.base.type == kOlderLog; }

}  // namespace

uint64_t Marvin32(uint64_t seed, std::string_view bytes) {
  auto low = static_cast<uint32_t>(seed), high = static_cast<uint32_t>(seed >> 32);
  const auto mix = [&](uint32_t word) {
    low += word;
    high ^= low;
    low = std::rotl(low, 20) + high;
    high = std::rotl(high, 9) ^ low;
    low = std::rotl(low, 27) + high;
    high = std::rotl(high, 19);
  };
  for (; bytes.size() >= 4; bytes.remove_prefix(4)) mix(Number(bytes, 0));
  mix(Number(bytes, 0) | uint32_t{0x80} << (8 * bytes.size()));
  mix(0);
  return uint64_t{high} << 32 | low;
}

uint64_t ReplayHiveLogs(const std::vector<std::string>& logs, size_t most_bytes, std::string& hive) {
  const std::optional<HiveBaseBlock> base = ReadHiveBaseBlock(hive);
  if (!base.has_value() || hive.size() < kHivePageBytes || !base->is_dirty()) return 0;
  const std::vector<Log> good = GoodLogs(logs);
  if (good.empty()) return 0;
  uint32_t from_sequence = base->second_sequence;
  if (!base->sum_is_right) {
    // The page that says where the root is was being written: a log has its copy.
    hive.replace(0, kHiveBaseBlockBytes, good.front().bytes.substr(0, kHiveBaseBlockBytes));
    from_sequence = good.front().base.first_sequence;
  }
  if (const uint64_t applied = ReplayNew(good, from_sequence, most_bytes, hive); applied > 0) return applied;
  for (const Log& log : good) {
    const bool is_of_this_state = !base->sum_is_right || log.base.file_time == base->file_time;
    if (IsOld(log) && is_of_this_state && ReplayOld(log, most_bytes, hive)) return 1;
  }
  return 0;
}

}  // namespace hozen
