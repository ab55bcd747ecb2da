#include "agent/volume/partition_uuid.h"

#include <cstdint>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "agent/volume/guid_text.h"
#include "agent/volume/little_endian.h"

namespace hozen {
namespace {

constexpr std::string_view kGptMark = "EFI PART";
constexpr size_t kGptHeaderBytes = 92;
constexpr size_t kGptEntryBytes = 128;  // the least that the header may say
constexpr size_t kSignatureAt = 0x1b8;
constexpr int kPrimaryEntries = 4;

// Empty where there are not so many bytes.
std::string ReadBytes(DiskImage& disk, uint64_t offset_bytes, size_t size_bytes) {
  if (offset_bytes > disk.size_bytes() || disk.size_bytes() - offset_bytes < size_bytes) return "";
  std::string bytes(size_bytes, '\0');
  const ssize_t got = tsk_img_read(disk.info(), static_cast<TSK_OFF_T>(offset_bytes), bytes.data(), size_bytes);
  return got == static_cast<ssize_t>(size_bytes) ? bytes : "";
}

std::string GptUuid(DiskImage& disk, const TSK_VS_PART_INFO& entry) {
  const uint64_t block_size_bytes = entry.vs->block_size;
  if (entry.slot_num < 0 || block_size_bytes == 0 || disk.size_bytes() < block_size_bytes) return "";
  // Where the first header is no good, libtsk has taken the one in the disk's last block.
  const uint64_t header_at = entry.vs->is_backup != 0
                                 ? disk.size_bytes() - disk.size_bytes() % block_size_bytes - block_size_bytes
                                 : entry.vs->offset + block_size_bytes;
  const std::string header = ReadBytes(disk, header_at, kGptHeaderBytes);
  if (std::string_view(header).substr(0, kGptMark.size()) != kGptMark) return "";
  const uint64_t table_block = LittleEndian(header, 72, 8);
  const uint64_t entry_size_bytes = LittleEndian(header, 84, 4);
  if (table_block > disk.size_bytes() / block_size_bytes || entry_size_bytes < kGptEntryBytes) return "";
  // Neither can be beyond 2^63: a slot is at most 127, an entry at most 4 GiB.
  const uint64_t at = table_block * block_size_bytes + static_cast<uint64_t>(entry.slot_num) * entry_size_bytes;
  const std::string guid = ReadBytes(disk, at + 16, 16);
  return guid.empty() ? "" : GuidText(guid);
}

// Linux numbers primary partitions by their slots, and those in the chain of extended tables in its order from 5 on.
int LinuxNumber(const TSK_VS_PART_INFO& entry) {
  if (entry.table_num == 0) return entry.slot_num + 1;
  int number = kPrimaryEntries + 1;
  for (const TSK_VS_PART_INFO* other = entry.vs->part_list; other != nullptr; other = other->next) {
    const bool is_logical = (other->flags & TSK_VS_PART_FLAG_ALLOC) != 0 && other->table_num > 0;
    const auto place = [](const TSK_VS_PART_INFO& one) { return std::pair(one.table_num, one.slot_num); };
    if (is_logical && place(*other) < place(entry)) ++number;
  }
  return number;
}

std::string MbrUuid(DiskImage& disk, const TSK_VS_PART_INFO& entry) {
  if (entry.table_num < 0 || entry.slot_num < 0) return "";
  const std::string signature = ReadBytes(disk, entry.vs->offset + kSignatureAt, 4);
  const uint64_t number = LittleEndian(signature, 0, 4);
  if (number == 0) return "";  // as blkid has it: the disk was never given one
  return absl::StrFormat("%08x-%02x", number, LinuxNumber(entry));
}

}  // namespace

std::string PartitionUuid(DiskImage& disk, const TSK_VS_PART_INFO& entry) {
  switch (entry.vs->vstype) {
    case TSK_VS_TYPE_GPT:
      return GptUuid(disk, entry);
    case TSK_VS_TYPE_DOS:
      return MbrUuid(disk, entry);
    default:
      return "";
  }
}

}  // namespace hozen
