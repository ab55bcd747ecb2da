#include "agent/volume/raw_entries.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <string>

#include "agent/volume/file_system.h"
#include "agent/volume/raw_times.h"
#include "agent/volume/reparse_target.h"
#include "core/base/concat.h"
#include "core/evidence/file_mode.h"

namespace hozen {
namespace {

// Of one attribute: a hostile file system may give one file more pieces than the whole disk has blocks.
constexpr uint64_t kMostRuns = uint64_t{1} << 20;
// Of one file: whether so many of its blocks are another's by now is looked up one by one.
constexpr uint64_t kMostBlocksLookedUp = uint64_t{1} << 18;
constexpr int kNotOnDisk = TSK_FS_ATTR_RUN_FLAG_SPARSE | TSK_FS_ATTR_RUN_FLAG_FILLER;
// Streams that begin with a hole of any size by design: what was cut off a journal, and good clusters.
constexpr std::string_view kHollowNames[] = {"$J", "$Bad"};
constexpr uint64_t kMostBytes = INT64_MAX;

void AddProblem(v1::RawEntry& entry, std::string_view what) {
  std::string& problem = *entry.mutable_problem();
  if (problem.size() + what.size() + 2 > kMostProblemBytes) return;
  if (!problem.empty()) problem += "; ";
  problem += what;
}

uint64_t NotNegative(TSK_OFF_T size) { return size < 0 ? 0 : static_cast<uint64_t>(size); }

uint32_t TypeBits(TSK_FS_META_TYPE_ENUM type) {
  switch (type) {
    case TSK_FS_META_TYPE_REG:
    case TSK_FS_META_TYPE_VIRT:
      return kModeRegular;
    case TSK_FS_META_TYPE_DIR:
    case TSK_FS_META_TYPE_VIRT_DIR:
      return kModeFolder;
    case TSK_FS_META_TYPE_FIFO:
      return kModeFifo;
    case TSK_FS_META_TYPE_CHR:
      return kModeCharacterDevice;
    case TSK_FS_META_TYPE_BLK:
      return kModeBlockDevice;
    case TSK_FS_META_TYPE_LNK:
      return kModeSymbolicLink;
    case TSK_FS_META_TYPE_SOCK:
      return kModeSocket;
    default:
      return 0;
  }
}

// A name that no file system gives, because it would lead elsewhere, is told in another spelling.
void SetName(const char* name, v1::RawEntry& entry) {
  const std::string_view text = name == nullptr ? "" : name;
  if (text.size() > kMostNameBytes) {
    AddProblem(entry, Concat("its name has ", text.size(), " bytes and is cut off"));
  }
  if (text.empty()) {
    entry.set_name("\\x00");
    return AddProblem(entry, "its name is empty");
  }
  if (text.find('/') == std::string_view::npos) {
    entry.set_name(std::string(text.substr(0, kMostNameBytes)));
    return;
  }
  AddProblem(entry, "its name holds a '/', which stands as \\x2F here");
  std::string& spelled = *entry.mutable_name();
  for (const char byte : text) {
    if (spelled.size() + 4 > kMostNameBytes) break;
    if (byte == '/') {
      spelled += "\\x2F";
    } else {
      spelled.push_back(byte);
    }
  }
}

// A walk over the blocks of one file's attributes.
class Blocks {
 public:
  Blocks(TSK_FS_INFO& system, bool deleted) : system_(system), deleted_(deleted) {}

  struct Sum {
    uint64_t allocated_bytes = 0;
    uint64_t overwritten_bytes = 0;
    uint64_t leading_hole_bytes = 0;
    bool has_hole = false;
  };

  Sum Of(const TSK_FS_ATTR& attribute) {
    Sum sum;
    if ((attribute.flags & TSK_FS_ATTR_NONRES) == 0) return sum;
    uint64_t blocks = 0, hole_blocks = 0, overwritten = 0, seen = 0;
    bool leading = true;
    for (const TSK_FS_ATTR_RUN* run = attribute.nrd.run; run != nullptr && seen < kMostRuns; run = run->next, ++seen) {
      const bool sparse = (run->flags & TSK_FS_ATTR_RUN_FLAG_SPARSE) != 0;
      sum.has_hole = sum.has_hole || sparse;
      leading = leading && sparse;
      if (leading) hole_blocks = Added(hole_blocks, run->len);
      if ((run->flags & kNotOnDisk) != 0) continue;
      blocks = Added(blocks, run->len);
      if (deleted_) overwritten += Allocated(*run);
    }
    sum.allocated_bytes = Bytes(blocks);
    sum.overwritten_bytes = Bytes(overwritten);
    // libtsk has no runs of what is a hole altogether.
    sum.leading_hole_bytes = seen == 0 && attribute.nrd.initsize == 0 ? kMostBytes : Bytes(hole_blocks);
    return sum;
  }

  bool gave_up() const { return gave_up_; }

 private:
  static uint64_t Added(uint64_t a, uint64_t b) { return a > UINT64_MAX - b ? UINT64_MAX : a + b; }
  uint64_t Bytes(uint64_t blocks) const {
    return blocks > kMostBytes / system_.block_size ? kMostBytes : blocks * system_.block_size;
  }

  uint64_t Allocated(const TSK_FS_ATTR_RUN& run) {
    uint64_t count = 0;
    for (uint64_t i = 0; i < run.len; ++i) {
      if (run.addr > system_.last_block || i > system_.last_block - run.addr) break;
      if (looked_up_ == kMostBlocksLookedUp) {
        gave_up_ = true;
        break;
      }
      ++looked_up_;
      if ((system_.block_getflags(&system_, run.addr + i) & TSK_FS_BLOCK_FLAG_ALLOC) != 0) ++count;
    }
    return count;
  }

  TSK_FS_INFO& system_;
  const bool deleted_;
  uint64_t looked_up_ = 0;
  bool gave_up_ = false;
};

void SetAttribute(const TSK_FS_ATTR& attribute, const Blocks::Sum& sum, v1::RawAttribute& told) {
  v1::AttributeMetadata& metadata = *told.mutable_attribute();
  metadata.set_type(static_cast<uint32_t>(attribute.type));
  metadata.set_id(attribute.id);
  if (attribute.name != nullptr) {
    metadata.set_name(std::string(std::string_view(attribute.name).substr(0, kMostNameBytes)));
  }
  metadata.set_resident((attribute.flags & TSK_FS_ATTR_RES) != 0);
  metadata.set_sparse((attribute.flags & TSK_FS_ATTR_SPARSE) != 0);
  metadata.set_compressed((attribute.flags & TSK_FS_ATTR_COMP) != 0);
  metadata.set_encrypted((attribute.flags & TSK_FS_ATTR_ENC) != 0);
  told.set_size_bytes(NotNegative(attribute.size));
  told.set_overwritten_bytes(sum.overwritten_bytes);
  const bool hollow = std::count(std::begin(kHollowNames), std::end(kHollowNames), metadata.name()) > 0;
  if (attribute.type == TSK_FS_ATTR_TYPE_NTFS_DATA && !metadata.compressed() && hollow) {
    metadata.set_skipped_bytes(std::min(sum.leading_hole_bytes, told.size_bytes()));
  }
}

// All of NTFS.
void AddAttributes(TSK_FS_FILE& file, Blocks& blocks, v1::RawEntry& entry) {
  tsk_error_reset();
  const TSK_FS_ATTR* contents = tsk_fs_file_attr_get(&file);  // loads all
  if (file.meta->attr_state == TSK_FS_META_ATTR_ERROR || file.meta->attr == nullptr) {
    return AddProblem(entry, Concat("its attributes cannot be read: ", LastLibtskError()));
  }
  size_t bytes = 0;
  for (const TSK_FS_ATTR* attribute = file.meta->attr->head; attribute != nullptr; attribute = attribute->next) {
    if ((attribute->flags & TSK_FS_ATTR_INUSE) == 0) continue;
    v1::RawAttribute& told = *entry.add_attributes();
    const Blocks::Sum sum = blocks.Of(*attribute);
    SetAttribute(*attribute, sum, told);
    if (attribute == contents) entry.mutable_file()->set_allocated_bytes(sum.allocated_bytes);
    bytes += told.ByteSizeLong() + 8;
    if (bytes > kMostAttributesBytes) {
      entry.mutable_attributes()->RemoveLast();
      return AddProblem(entry, "it has more attributes than are told");
    }
  }
}

// What leads elsewhere is a link, as the running system has it; libtsk calls it a file or a folder.
void AddReparseTarget(TSK_FS_FILE& file, v1::RawEntry& entry) {
  if (file.meta->attr == nullptr) return;
  for (const TSK_FS_ATTR* attribute = file.meta->attr->head; attribute != nullptr; attribute = attribute->next) {
    if ((attribute->flags & TSK_FS_ATTR_INUSE) == 0 || attribute->type != TSK_FS_ATTR_TYPE_NTFS_REPARSE) continue;
    std::array<char, kMostReparseBytes> bytes;
    tsk_error_reset();
    const ssize_t size = tsk_fs_attr_read(attribute, 0, bytes.data(), bytes.size(), TSK_FS_FILE_READ_FLAG_NONE);
    if (size < 0) return AddProblem(entry, Concat("where it leads cannot be read: ", LastLibtskError()));
    const absl::StatusOr<std::string> target = ReparseTarget({bytes.data(), static_cast<size_t>(size)});
    if (absl::IsNotFound(target.status())) return;
    if (!target.ok()) return AddProblem(entry, StdView(target.status().message()));
    v1::FileMetadata& metadata = *entry.mutable_file();
    metadata.set_mode((metadata.mode() & ~kModeTypeMask) | kModeSymbolicLink);
    metadata.set_link_target(target->substr(0, kMostLinkBytes));
    if (target->size() > kMostLinkBytes) AddProblem(entry, "where it leads is longer than is told");
    return;
  }
}

// The one that is the contents.
void AddContents(TSK_FS_FILE& file, Blocks& blocks, v1::RawEntry& entry) {
  if (file.meta->type != TSK_FS_META_TYPE_REG && file.meta->type != TSK_FS_META_TYPE_DIR) return;
  // Following the chain of a large file on FAT takes long, and says nothing that its size does not.
  const bool is_chain = TSK_FS_TYPE_ISFAT(file.fs_info->ftype);
  if (is_chain && entry.allocation() == v1::ALLOCATION_ALLOCATED) {
    v1::RawAttribute& told = *entry.add_attributes();
    told.mutable_attribute()->set_type(TSK_FS_ATTR_TYPE_DEFAULT);
    told.set_size_bytes(NotNegative(file.meta->size));
    return;
  }
  tsk_error_reset();
  const TSK_FS_ATTR* contents = tsk_fs_file_attr_get(&file);
  if (contents == nullptr) return AddProblem(entry, Concat("its contents cannot be found: ", LastLibtskError()));
  v1::RawAttribute& told = *entry.add_attributes();
  const Blocks::Sum sum = blocks.Of(*contents);
  SetAttribute(*contents, sum, told);
  told.mutable_attribute()->set_sparse(told.attribute().sparse() || sum.has_hole);
  // libtsk gives up behind the first cluster where that is another's.
  const bool on_disk = (contents->flags & TSK_FS_ATTR_NONRES) != 0 && !sum.has_hole;
  if (on_disk && sum.allocated_bytes < told.size_bytes()) {
    AddProblem(entry, Concat("only its first ", sum.allocated_bytes, " bytes can be found"));
  }
  entry.mutable_file()->set_allocated_bytes(sum.allocated_bytes);
}

void SetMetadata(const TSK_FS_FILE& file, v1::RawEntry& entry) {
  const TSK_FS_META& meta = *file.meta;
  v1::FileMetadata& metadata = *entry.mutable_file();
  metadata.set_mode((static_cast<uint32_t>(meta.mode) & 07777) | TypeBits(meta.type));
  metadata.set_uid(meta.uid);
  metadata.set_gid(meta.gid);
  metadata.set_links(static_cast<uint64_t>(std::max(meta.nlink, 0)));
  metadata.set_inode(meta.addr);
  metadata.set_size_bytes(NotNegative(meta.size));
  metadata.set_sequence(meta.seq);
  if (meta.type == TSK_FS_META_TYPE_LNK && meta.link != nullptr) {
    const std::string_view target = meta.link;
    metadata.set_link_target(std::string(target.substr(0, kMostLinkBytes)));
    if (target.size() > kMostLinkBytes) AddProblem(entry, "where it leads is longer than is told");
  }
  if (!SetTimes(file, metadata)) AddProblem(entry, "a time of it is too far from 1970 to be told");
}

void DescribeFile(TSK_FS_FILE& file, v1::RawEntry& entry) {
  SetMetadata(file, entry);
  Blocks blocks(*file.fs_info, entry.allocation() == v1::ALLOCATION_DELETED);
  if (TSK_FS_TYPE_ISNTFS(file.fs_info->ftype)) {
    AddAttributes(file, blocks, entry);
    AddReparseTarget(file, entry);
  } else {
    AddContents(file, blocks, entry);
  }
  if (blocks.gave_up()) {
    AddProblem(entry, Concat("only of its first ", kMostBlocksLookedUp, " blocks was it looked up whose they are"));
  }
}

// NTFS counts a record's uses in 16 bits, without 0, and counts on when it becomes free.
bool IsOfUse(const TSK_FS_META& meta, uint32_t sequence) {
  const uint32_t next = sequence >= 0xFFFF ? 1 : sequence + 1;
  return meta.seq == sequence || meta.seq == next;
}

void SetNamedRecord(const TSK_FS_NAME& name, v1::RawEntry& entry) {
  entry.set_named_record(name.meta_addr);
  entry.set_named_sequence(name.meta_seq);
}

void SetReallocated(const TSK_FS_NAME& name, v1::RawEntry& entry) {
  entry.set_allocation(v1::ALLOCATION_REALLOCATED);
  SetNamedRecord(name, entry);
  AddProblem(entry, Concat("its record ", name.meta_addr, " is another file's by now"));
}

// libtsk has not given the record with the name: it is not this file's, or not whole, or has become free since the name
// was written.
void FindRecord(TSK_FS_INFO& system, const TSK_FS_NAME& name, bool deleted, v1::RawEntry& entry) {
  entry.set_allocation(deleted ? v1::ALLOCATION_DELETED : v1::ALLOCATION_ALLOCATED);
  SetNamedRecord(name, entry);
  if (name.meta_addr == 0 && deleted) return AddProblem(entry, "its name leads to no record");
  tsk_error_reset();
  const FileHandle record(tsk_fs_file_open_meta(&system, nullptr, name.meta_addr));
  if (record == nullptr || record->meta == nullptr || record->meta->addr != name.meta_addr) {
    return AddProblem(entry, Concat("its record ", name.meta_addr, " cannot be read: ", LastLibtskError()));
  }
  const bool record_free = (record->meta->flags & TSK_FS_META_FLAG_ALLOC) == 0;
  if (deleted && record_free && IsOfUse(*record->meta, name.meta_seq)) return DescribeFile(*record, entry);
  if (deleted) return SetReallocated(name, entry);
  AddProblem(entry, Concat("its record ", name.meta_addr, " is of use ", record->meta->seq, ", and the name of use ",
                           name.meta_seq));
}

}  // namespace

void DescribeName(TSK_FS_INFO& system, const TSK_FS_NAME& name, TSK_FS_FILE* file, v1::RawEntry& entry) {
  entry.Clear();
  SetName(name.name, entry);
  const bool name_free = (name.flags & TSK_FS_NAME_FLAG_UNALLOC) != 0;
  // libtsk leaves an empty structure where it failed in the middle.
  if (file == nullptr || file->meta == nullptr || file->meta->addr != name.meta_addr) {
    return FindRecord(system, name, name_free, entry);
  }
  const bool record_free = (file->meta->flags & TSK_FS_META_FLAG_ALLOC) == 0;
  if (name_free && !record_free) return SetReallocated(name, entry);
  entry.set_allocation(name_free || record_free ? v1::ALLOCATION_DELETED : v1::ALLOCATION_ALLOCATED);
  DescribeFile(*file, entry);
}

void DescribeRecord(TSK_FS_FILE& file, v1::RawEntry& entry) {
  entry.Clear();
  const bool record_free = (file.meta->flags & TSK_FS_META_FLAG_ALLOC) == 0;
  entry.set_allocation(record_free ? v1::ALLOCATION_DELETED : v1::ALLOCATION_ALLOCATED);
  DescribeFile(file, entry);
}

}  // namespace hozen
