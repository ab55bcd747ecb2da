#include "agent/volume/disk_layout.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>
#include <utility>

#include "agent/volume/file_system.h"
#include "agent/volume/partition_uuid.h"
#include "core/base/concat.h"
#include "core/base/printable.h"

namespace hozen {
namespace {

struct VolumeSystemCloser {
  void operator()(TSK_VS_INFO* handle) const { tsk_vs_close(handle); }
};

constexpr size_t kMaxTextBytes = 512;
constexpr std::string_view kGptMark = "EFI PART";
constexpr std::string_view kGptGuard = "GPT Safety Partition";  // as libtsk describes type 0xee

std::string Text(const char* bytes) {
  if (bytes == nullptr) return "";
  return Printable(std::string_view(bytes).substr(0, kMaxTextBytes));
}

void AddNote(v1::Partition& partition, const std::string& note) {
  if (!partition.note().empty()) partition.mutable_note()->append("; ");
  partition.mutable_note()->append(note);
}

void FindFileSystem(DiskImage& disk, v1::Partition& partition) {
  if (partition.size_bytes() == 0) return;
  tsk_error_reset();
  const FileSystem found(
      tsk_fs_open_img(disk.info(), static_cast<TSK_OFF_T>(partition.offset_bytes()), TSK_FS_TYPE_DETECT));
  if (found != nullptr) {
    partition.set_file_system(Text(tsk_fs_type_toname(found->ftype)));
    return;
  }
  const std::string why = Text(tsk_error_get());
  AddNote(partition, why.empty() ? "no file system was recognised" : why);
}

// What a table says may be anything, so every step is done without overflow.
void SetRange(const TSK_VS_PART_INFO& entry, uint64_t block_size_bytes, uint64_t disk_size_bytes,
              v1::Partition& partition) {
  const auto bytes = [&](uint64_t blocks) {
    return blocks > std::numeric_limits<uint64_t>::max() / block_size_bytes ? std::numeric_limits<uint64_t>::max()
                                                                            : blocks * block_size_bytes;
  };
  const uint64_t offset_bytes = bytes(entry.start);
  const uint64_t size_bytes = bytes(entry.len);
  partition.set_offset_bytes(std::min(offset_bytes, disk_size_bytes));
  partition.set_size_bytes(std::min(size_bytes, disk_size_bytes - partition.offset_bytes()));
  if (partition.offset_bytes() != offset_bytes || partition.size_bytes() != size_bytes) {
    AddNote(partition, Concat("the table says ", size_bytes, " bytes at ", offset_bytes, ", beyond the disk's end"));
  }
}

using PartitionTable = std::unique_ptr<TSK_VS_INFO, VolumeSystemCloser>;

// Is there a header where a GPT's first one stands, whatever a block's size is?
bool HasGptHeader(DiskImage& disk) {
  for (TSK_OFF_T block_size_bytes = 512; block_size_bytes <= 8192; block_size_bytes *= 2) {
    char mark[kGptMark.size()];
    const bool was_read = tsk_img_read(disk.info(), block_size_bytes, mark, sizeof(mark)) == ssize_t{sizeof(mark)};
    if (was_read && std::string_view(mark, sizeof(mark)) == kGptMark) return true;
  }
  return false;
}

bool HasGptGuard(const TSK_VS_INFO& table) {
  for (const TSK_VS_PART_INFO* entry = table.part_list; entry != nullptr; entry = entry->next) {
    if (entry->desc != nullptr && std::string_view(entry->desc).substr(0, kGptGuard.size()) == kGptGuard) return true;
  }
  return false;
}

// Null, and then libtsk says why.
PartitionTable OpenTable(DiskImage& disk) {
  tsk_error_reset();
  PartitionTable table(tsk_vs_open(disk.info(), 0, TSK_VS_TYPE_DETECT));
  if (table == nullptr || table->vstype != TSK_VS_TYPE_DOS || !HasGptGuard(*table) || HasGptHeader(disk)) return table;
  // The header of the GPT that this MBR guards is gone. libtsk looks for the backup at the disk's end only if told.
  PartitionTable backup(tsk_vs_open(disk.info(), 0, TSK_VS_TYPE_GPT));
  return backup == nullptr ? std::move(table) : std::move(backup);
}

void WholeDisk(DiskImage& disk, const std::string& note,
               const std::function<void(const v1::Partition&)>& on_partition) {
  v1::Partition whole;
  whole.set_number(1);
  whole.set_size_bytes(disk.size_bytes());
  whole.set_type("whole disk");
  whole.set_note(note);
  FindFileSystem(disk, whole);
  on_partition(whole);
}

}  // namespace

std::string ReadDiskLayout(DiskImage& disk, const std::function<void(const v1::Partition&)>& on_partition) {
  const PartitionTable table = OpenTable(disk);
  if (table == nullptr) {
    const bool none = tsk_error_get_errno() == TSK_ERR_VS_UNKTYPE || disk.size_bytes() == 0;
    WholeDisk(disk, none ? "" : Text(tsk_error_get()), on_partition);
    return "";
  }
  const PartitionUuids uuids(disk, *table);
  uint32_t number = 0;
  for (const TSK_VS_PART_INFO* entry = table->part_list; entry != nullptr; entry = entry->next) {
    if ((entry->flags & TSK_VS_PART_FLAG_ALLOC) == 0) continue;
    v1::Partition partition;
    partition.set_number(++number);
    partition.set_type(Text(entry->desc));
    partition.set_uuid(uuids.Of(entry->start));
    if (table->is_backup != 0) AddNote(partition, "of the backup table at the disk's end; the first was not usable");
    SetRange(*entry, table->block_size, disk.size_bytes(), partition);
    FindFileSystem(disk, partition);
    on_partition(partition);
  }
  if (number == 0) WholeDisk(disk, "the partition table has no entries", on_partition);
  return Text(tsk_vs_type_toname(table->vstype));
}

}  // namespace hozen
