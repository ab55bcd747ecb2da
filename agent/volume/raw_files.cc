#include "agent/volume/raw_files.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "agent/volume/fat_recovery.h"
#include "agent/volume/file_system.h"
#include "agent/volume/file_system_facts.h"
#include "agent/volume/raw_entries.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr size_t kMostOpenSystems = 4;
constexpr uint16_t kRecoveredId = 1;
constexpr int kHole = TSK_FS_ATTR_RUN_FLAG_SPARSE | TSK_FS_ATTR_RUN_FLAG_FILLER;
constexpr char kRecoveredName[] = "around other deleted files";

// Names that can be found: allocated ones, in lower case where case is ignored, with where they stand in the folder.
using NameIndex = std::vector<std::pair<std::string, size_t>>;

std::string Folded(std::string_view name, bool ignores_case) {
  return ignores_case ? absl::AsciiStrToLower(AbslView(name)) : std::string(name);
}

// What libtsk adds to root folders, and the ways back.
bool IsNoName(const TSK_FS_NAME* name) {
  return name == nullptr || name->name == nullptr || name->type == TSK_FS_NAME_TYPE_VIRT ||
         name->type == TSK_FS_NAME_TYPE_VIRT_DIR || TSK_FS_ISDOT(name->name);
}

bool IsAllocated(const TSK_FS_NAME& name) { return (name.flags & TSK_FS_NAME_FLAG_UNALLOC) == 0; }

NameIndex IndexOf(const TSK_FS_DIR& folder, bool ignores_case) {
  NameIndex index;
  const size_t count = tsk_fs_dir_getsize(&folder);
  for (size_t i = 0; i < count; ++i) {
    const TSK_FS_NAME* name = tsk_fs_dir_get_name(&folder, i);
    if (!IsNoName(name) && IsAllocated(*name)) index.emplace_back(Folded(name->name, ignores_case), i);
  }
  std::sort(index.begin(), index.end());
  return index;
}

// How far an attribute goes, whatever size it claims: a record that lies about that would be read for days. NTFS has
// runs of holes too, but none where all is a hole; others leave out a hole at the end.
struct Reach {
  uint64_t end_bytes = 0;
  bool has_lost = false;  // within what is wanted: runs that the record speaks of and does not have
};

Reach ReachOf(const TSK_FS_ATTR& attribute, const TSK_FS_INFO& system, uint64_t offset_bytes, uint64_t wanted_bytes) {
  const uint64_t size_bytes = attribute.size < 0 ? 0 : static_cast<uint64_t>(attribute.size);
  Reach reach;
  if ((attribute.flags & TSK_FS_ATTR_NONRES) == 0) {
    reach.end_bytes = size_bytes;
    return reach;
  }
  const bool is_ntfs = TSK_FS_TYPE_ISNTFS(system.ftype);
  const uint64_t block_size_bytes = system.block_size;
  const uint64_t most_blocks = size_bytes / block_size_bytes + 1;
  uint64_t blocks = 0;
  bool ends_in_hole =
      is_ntfs && attribute.nrd.run == nullptr && (attribute.flags & (TSK_FS_ATTR_SPARSE | TSK_FS_ATTR_COMP)) != 0;
  for (const TSK_FS_ATTR_RUN* run = attribute.nrd.run; run != nullptr && blocks < most_blocks; run = run->next) {
    const uint64_t end = blocks + std::min<uint64_t>(run->len, most_blocks - blocks);
    // Elsewhere libtsk means a hole by it.
    if (is_ntfs && (run->flags & TSK_FS_ATTR_RUN_FLAG_FILLER) != 0) {
      reach.has_lost = reach.has_lost || (offset_bytes < end * block_size_bytes &&
                                          offset_bytes + wanted_bytes > blocks * block_size_bytes);
    }
    ends_in_hole = ends_in_hole || (!is_ntfs && (run->flags & kHole) != 0);
    blocks = end;
  }
  reach.end_bytes = ends_in_hole ? size_bytes : std::min(size_bytes, blocks * block_size_bytes);
  return reach;
}

}  // namespace

struct RawFiles::OpenSystem {
  uint64_t offset_bytes = 0;
  FileSystem handle;  // outlives what follows
  FileHandle file;
  FolderHandle folder;
  std::optional<NameIndex> names;  // of `folder`
  bool recovery_made = false;
  std::unique_ptr<FatRecovery> recovery;  // null where it is no FAT

  bool ignores_case() const { return IgnoresCase(*handle); }

  // Made when the first deleted file is seen.
  const FatRecovery* Recovery() {
    if (!recovery_made) recovery = FatRecovery::Create(*handle);
    recovery_made = true;
    return recovery.get();
  }

  void AddRecovered(v1::RawEntry& entry) {
    if (entry.allocation() != v1::ALLOCATION_DELETED || !entry.has_file()) return;
    if (Recovery() == nullptr || !recovery->Knows(entry.file().inode())) return;
    v1::RawAttribute& told = *entry.add_attributes();
    told.mutable_attribute()->set_type(TSK_FS_ATTR_TYPE_DEFAULT);
    told.mutable_attribute()->set_id(kRecoveredId);
    told.mutable_attribute()->set_name(kRecoveredName);
    told.set_size_bytes(recovery->SizeOf(entry.file().inode()));
  }
};

RawFiles::RawFiles(DiskImage& disk) : disk_(disk) {}
RawFiles::~RawFiles() = default;

absl::StatusOr<RawFiles::OpenSystem*> RawFiles::System(uint64_t offset_bytes) {
  for (auto it = open_.begin(); it != open_.end(); ++it) {
    if ((*it)->offset_bytes != offset_bytes) continue;
    open_.splice(open_.begin(), open_, it);
    return open_.front().get();
  }
  HOZEN_ASSIGN_OR_RETURN(FileSystem opened, OpenFileSystem(disk_, offset_bytes));
  if (open_.size() == kMostOpenSystems) open_.pop_back();
  open_.push_front(std::make_unique<OpenSystem>());
  open_.front()->offset_bytes = offset_bytes;
  open_.front()->handle = std::move(opened);
  return open_.front().get();
}

absl::StatusOr<TSK_FS_FILE*> RawFiles::File(OpenSystem& system, uint64_t address) {
  TSK_FS_INFO& handle = *system.handle;
  const bool is_root = address == RawFileId::kRootFolder || (address == 0 && !TSK_FS_TYPE_ISNTFS(handle.ftype));
  if (is_root) address = handle.root_inum;
  if (system.file != nullptr && system.file->meta->addr == address) return system.file.get();
  system.file.reset();
  if (address < handle.first_inum || address > handle.last_inum) {
    return absl::NotFoundError(Concat("There is no record ", address));
  }
  tsk_error_reset();
  FileHandle file(tsk_fs_file_open_meta(&handle, nullptr, address));
  if (file == nullptr || file->meta == nullptr || file->meta->addr != address) {
    return absl::DataLossError(Concat("Reading record ", address, ": ", LastLibtskError()));
  }
  system.file = std::move(file);
  return system.file.get();
}

absl::StatusOr<TSK_FS_DIR*> RawFiles::Folder(OpenSystem& system, uint64_t address) {
  if (address == 0 || address == RawFileId::kRootFolder) address = system.handle->root_inum;
  if (system.folder != nullptr && system.folder->addr == address) return system.folder.get();
  system.folder.reset();
  system.names.reset();
  // Asked first, because libtsk would read any file of any size as if it were a folder.
  HOZEN_ASSIGN_OR_RETURN(const TSK_FS_FILE* file, File(system, address));
  if (!TSK_FS_IS_DIR_META(file->meta->type)) {
    return absl::InvalidArgumentError(Concat("Record ", address, " is no folder"));
  }
  tsk_error_reset();
  system.folder.reset(tsk_fs_dir_open_meta(system.handle.get(), address));
  if (system.folder == nullptr) {
    return absl::DataLossError(Concat("Reading folder ", address, ": ", LastLibtskError()));
  }
  return system.folder.get();
}

void RawFiles::ReadNames(OpenSystem& system, TSK_FS_DIR& folder, const RawFolderOptions& options,
                         const OnEntry& on_entry) {
  v1::RawEntry entry;
  uint64_t names = 0;
  const size_t count = tsk_fs_dir_getsize(&folder);
  for (size_t i = 0; i < count; ++i) {
    const TSK_FS_NAME* name = tsk_fs_dir_get_name(&folder, i);
    if (IsNoName(name) || (!options.deleted && !IsAllocated(*name))) continue;
    const uint64_t number = names++;
    if (number < options.first) continue;
    if (options.most != 0 && number - options.first >= options.most) break;
    const FileHandle file(tsk_fs_dir_get(&folder, i));
    DescribeName(*system.handle, *name, file.get(), entry);
    system.AddRecovered(entry);
    on_entry(entry);
  }
}

absl::Status RawFiles::ReadFolder(const RawFileId& folder, const RawFolderOptions& options, const OnEntry& on_entry) {
  HOZEN_ASSIGN_OR_RETURN(OpenSystem * system, System(folder.file_system_offset_bytes));
  HOZEN_ASSIGN_OR_RETURN(TSK_FS_DIR * opened, Folder(*system, folder.address));
  ReadNames(*system, *opened, options, on_entry);
  return absl::OkStatus();
}

absl::StatusOr<v1::RawEntry> RawFiles::FindEntry(const RawFileId& folder, std::string_view name) {
  HOZEN_ASSIGN_OR_RETURN(OpenSystem * system, System(folder.file_system_offset_bytes));
  HOZEN_ASSIGN_OR_RETURN(TSK_FS_DIR * opened, Folder(*system, folder.address));
  if (!system->names.has_value()) system->names = IndexOf(*opened, system->ignores_case());
  const std::string wanted = Folded(name, system->ignores_case());
  auto it = std::lower_bound(system->names->begin(), system->names->end(), std::pair(wanted, size_t{0}));
  std::optional<size_t> found;
  for (; it != system->names->end() && it->first == wanted; ++it) {
    const bool exact = tsk_fs_dir_get_name(opened, it->second)->name == name;
    if (exact || !found.has_value()) found = it->second;
    if (exact) break;
  }
  if (!found.has_value()) return absl::NotFoundError("There is no such name in the folder");
  v1::RawEntry entry;
  const FileHandle file(tsk_fs_dir_get(opened, *found));
  DescribeName(*system->handle, *tsk_fs_dir_get_name(opened, *found), file.get(), entry);
  return entry;
}

absl::StatusOr<v1::RawEntry> RawFiles::DescribeFile(const RawFileId& file) {
  HOZEN_ASSIGN_OR_RETURN(OpenSystem * system, System(file.file_system_offset_bytes));
  HOZEN_ASSIGN_OR_RETURN(TSK_FS_FILE * opened, File(*system, file.address));
  v1::RawEntry entry;
  DescribeRecord(*opened, entry);
  system->AddRecovered(entry);
  return entry;
}

absl::StatusOr<size_t> RawFiles::ReadAttribute(const RawFileId& file, const RawAttributeId& attribute,
                                               uint64_t offset_bytes, absl::Span<char> buffer) {
  HOZEN_ASSIGN_OR_RETURN(OpenSystem * system, System(file.file_system_offset_bytes));
  HOZEN_ASSIGN_OR_RETURN(TSK_FS_FILE * opened, File(*system, file.address));
  if (TSK_FS_TYPE_ISFAT(system->handle->ftype) && attribute.id == kRecoveredId) {
    if (system->Recovery() == nullptr) return absl::NotFoundError("There is no such attribute");
    return system->recovery->Read(opened->meta->addr, offset_bytes, buffer);
  }
  tsk_error_reset();
  const bool any = attribute.type == 0 && attribute.id == 0;
  const TSK_FS_ATTR* found = any ? tsk_fs_file_attr_get(opened)
                                 : tsk_fs_file_attr_get_type(opened, static_cast<TSK_FS_ATTR_TYPE_ENUM>(attribute.type),
                                                             static_cast<uint16_t>(attribute.id), 1);
  const auto said = [opened](std::string_view what) {
    return Concat("Reading record ", opened->meta->addr, ": ", what);
  };
  if (found == nullptr) return absl::NotFoundError(said(LastLibtskError()));
  const Reach reach = ReachOf(*found, *system->handle, offset_bytes, buffer.size());
  if (offset_bytes >= reach.end_bytes || buffer.empty()) return 0;
  // libtsk gives zeros for them.
  if (reach.has_lost) return absl::DataLossError(said("the record does not say where some of these bytes are"));
  const uint64_t left = reach.end_bytes - offset_bytes;
  const absl::Span<char> wanted = buffer.subspan(0, static_cast<size_t>(std::min<uint64_t>(buffer.size(), left)));
  const ssize_t size = tsk_fs_attr_read(found, static_cast<TSK_OFF_T>(offset_bytes), wanted.data(), wanted.size(),
                                        TSK_FS_FILE_READ_FLAG_NONE);
  if (size < 0) return absl::DataLossError(said(LastLibtskError()));
  const absl::Span<char> missing = wanted.subspan(static_cast<size_t>(size));
  // NTFS: what was never written is zeros.
  const bool never_written = (found->flags & TSK_FS_ATTR_NONRES) != 0 && TSK_FS_TYPE_ISNTFS(system->handle->ftype) &&
                             static_cast<TSK_OFF_T>(offset_bytes) + size >= found->nrd.initsize;
  if (!missing.empty() && !never_written) return absl::DataLossError(said("its blocks end before it does"));
  std::fill(missing.begin(), missing.end(), '\0');
  return wanted.size();
}

absl::StatusOr<RawFileSystem> RawFiles::DescribeFileSystem(uint64_t offset_bytes) {
  HOZEN_ASSIGN_OR_RETURN(OpenSystem * system, System(offset_bytes));
  return DescribeOpenFileSystem(*system->handle);
}

absl::Status RawFiles::ReadOrphans(uint64_t offset_bytes, const RawFolderOptions& options, const OnEntry& on_entry) {
  HOZEN_ASSIGN_OR_RETURN(OpenSystem * system, System(offset_bytes));
  HOZEN_ASSIGN_OR_RETURN(TSK_FS_DIR * opened, Folder(*system, TSK_FS_ORPHANDIR_INUM(system->handle)));
  ReadNames(*system, *opened, {.deleted = true, .first = options.first, .most = options.most}, on_entry);
  return absl::OkStatus();
}

}  // namespace hozen
