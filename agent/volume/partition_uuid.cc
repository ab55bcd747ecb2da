#include "agent/volume/partition_uuid.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "agent/volume/guid_text.h"
#include "agent/volume/little_endian.h"

namespace hozen {
namespace {

using Uuids = std::map<uint64_t, std::string>;

constexpr std::string_view kGptMark = "EFI PART";
constexpr size_t kGptHeaderBytes = 92;
constexpr uint64_t kMostGptEntries = 4096;
constexpr uint64_t kGptEntryBytes = 128;  // the least that the header may say
constexpr uint64_t kMostGptEntryBytes = 4096;

constexpr size_t kMbrBytes = 512;
constexpr size_t kSignatureAt = 0x1b8;
constexpr size_t kMbrEntriesAt = 0x1be;
constexpr size_t kMbrEntryBytes = 16;
constexpr size_t kMbrMarkAt = 510;
constexpr int kFirstLogical = 5;
constexpr int kMostMbrPartitions = 256;
constexpr int kMostEmptyTables = 100;  // of a chain, one behind the other

// Empty where there are not so many bytes.
std::string ReadBytes(DiskImage& disk, uint64_t offset_bytes, size_t size_bytes) {
  if (offset_bytes > disk.size_bytes() || disk.size_bytes() - offset_bytes < size_bytes) return "";
  std::string bytes(size_bytes, '\0');
  const ssize_t got = tsk_img_read(disk.info(), static_cast<TSK_OFF_T>(offset_bytes), bytes.data(), size_bytes);
  return got == static_cast<ssize_t>(size_bytes) ? bytes : "";
}

// Offsets on a disk are below 2^63, so blocks of it can be had in bytes.
std::string ReadBlock(DiskImage& disk, uint64_t block, uint64_t block_size_bytes, size_t size_bytes) {
  if (block > disk.size_bytes() / block_size_bytes) return "";
  return ReadBytes(disk, block * block_size_bytes, size_bytes);
}

Uuids GptUuids(DiskImage& disk, const TSK_VS_INFO& table) {
  const uint64_t block_size_bytes = table.block_size;
  const uint64_t blocks = disk.size_bytes() / block_size_bytes;
  if (blocks == 0) return {};
  const std::string header = ReadBlock(disk, table.is_backup != 0 ? blocks - 1 : 1, block_size_bytes, kGptHeaderBytes);
  if (std::string_view(header).substr(0, kGptMark.size()) != kGptMark) return {};
  const uint64_t first_block = LittleEndian(header, 72, 8);
  const uint64_t entries = std::min(LittleEndian(header, 80, 4), kMostGptEntries);
  const uint64_t entry_size_bytes = LittleEndian(header, 84, 4);
  if (entry_size_bytes < kGptEntryBytes || entry_size_bytes > kMostGptEntryBytes) return {};
  const std::string bytes = ReadBlock(disk, first_block, block_size_bytes, entries * entry_size_bytes);
  Uuids uuids;
  for (size_t at = 0; at < bytes.size(); at += entry_size_bytes) {
    const std::string_view entry = std::string_view(bytes).substr(at, entry_size_bytes);
    const bool is_used = LittleEndian(entry, 0, 8) != 0 || LittleEndian(entry, 8, 8) != 0;
    if (is_used) uuids.emplace(LittleEndian(entry, 32, 8), GuidText(entry.substr(16, 16)));
  }
  return uuids;
}

struct MbrEntry {
  bool is_extended = false;
  uint64_t start = 0;  // in blocks, as the table says it
  uint64_t size = 0;
};

// Four, or none where there is no table.
std::vector<MbrEntry> MbrEntries(std::string_view block) {
  if (block.size() < kMbrBytes || LittleEndian(block, kMbrMarkAt, 2) != 0xaa55) return {};
  std::vector<MbrEntry> entries;
  for (size_t at = kMbrEntriesAt; at < kMbrMarkAt; at += kMbrEntryBytes) {
    const uint64_t type = LittleEndian(block, at + 4, 1);
    entries.push_back({.is_extended = type == 0x05 || type == 0x0f || type == 0x85,
                       .start = LittleEndian(block, at + 8, 4),
                       .size = LittleEndian(block, at + 12, 4)});
  }
  return entries;
}

// Linux numbers primary partitions by their slots, and those in the chains of extended tables as it finds them.
class MbrWalk {
 public:
  MbrWalk(DiskImage& disk, uint64_t block_size_bytes) : disk_(disk), block_size_bytes_(block_size_bytes) {}

  Uuids Walk() {
    const std::string block = ReadBlock(disk_, 0, block_size_bytes_, kMbrBytes);
    signature_ = LittleEndian(block, kSignatureAt, 4);
    if (signature_ == 0) return {};  // as blkid has it: the disk was never given one
    const std::vector<MbrEntry> entries = MbrEntries(block);
    for (size_t slot = 0; slot < entries.size(); ++slot) {
      if (entries[slot].size == 0) continue;
      if (entries[slot].is_extended) {
        WalkExtended(entries[slot]);
      } else {
        Add(entries[slot].start, static_cast<int>(slot) + 1);
      }
    }
    return std::move(uuids_);
  }

 private:
  void Add(uint64_t start, int number) { uuids_.emplace(start, absl::StrFormat("%08x-%02x", signature_, number)); }

  void WalkExtended(const MbrEntry& whole) {
    MbrEntry table = whole;  // where it begins on the disk
    for (int empty_tables = 0; empty_tables < kMostEmptyTables; ++empty_tables) {
      const std::vector<MbrEntry> entries = MbrEntries(ReadBlock(disk_, table.start, block_size_bytes_, kMbrBytes));
      for (size_t slot = 0; slot < entries.size(); ++slot) {
        const MbrEntry& entry = entries[slot];
        if (entry.size == 0 || entry.is_extended) continue;
        const uint64_t start = table.start + entry.start;
        // The third and fourth slots often hold rubbish.
        const bool is_inside = entry.start + entry.size <= table.size && start >= whole.start &&
                               start + entry.size <= whole.start + whole.size;
        if (slot >= 2 && !is_inside) continue;
        if (next_ == kMostMbrPartitions) return;
        Add(start, next_++);
        empty_tables = 0;
      }
      const auto link = std::find_if(entries.begin(), entries.end(),
                                     [](const MbrEntry& entry) { return entry.size != 0 && entry.is_extended; });
      if (link == entries.end()) return;
      table.start = whole.start + link->start;
      table.size = link->size;
    }
  }

  DiskImage& disk_;
  const uint64_t block_size_bytes_;
  uint64_t signature_ = 0;
  int next_ = kFirstLogical;
  Uuids uuids_;
};

}  // namespace

PartitionUuids::PartitionUuids(DiskImage& disk, const TSK_VS_INFO& table) {
  if (table.block_size == 0) return;
  if (table.vstype == TSK_VS_TYPE_GPT) by_start_block_ = GptUuids(disk, table);
  if (table.vstype == TSK_VS_TYPE_DOS) by_start_block_ = MbrWalk(disk, table.block_size).Walk();
}

std::string PartitionUuids::Of(uint64_t start_block) const {
  const auto found = by_start_block_.find(start_block);
  return found == by_start_block_.end() ? "" : found->second;
}

}  // namespace hozen
