#include "agent/volume/fat_recovery.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "agent/volume/file_system.h"
#include "core/base/concat.h"

namespace hozen {
namespace {

// What a hostile file system can make of this.
constexpr size_t kMostFolders = 20'000;
constexpr size_t kMostNames = 500'000;
constexpr size_t kMostDeleted = 50'000;
constexpr uint64_t kMostSteps = uint64_t{1} << 21;
constexpr uint64_t kMostClusters = uint64_t{1} << 28;  // more than FAT32 has

// The BIOS parameter block, at the beginning of the volume.
constexpr size_t kBootBytes = 512;

uint32_t Number(const std::array<char, kBootBytes>& boot, size_t at, size_t size) {
  uint32_t number = 0;
  for (size_t i = size; i > 0; --i) number = number << 8 | static_cast<unsigned char>(boot[at + i - 1]);
  return number;
}

struct DeletedFile {
  TSK_INUM_T address = 0;
  uint64_t size_bytes = 0;
  uint32_t first = 0;  // cluster
  uint64_t clusters = 0;
  int64_t created = 0, written = 0;  // seconds
  bool in_one_piece = false;
};

constexpr int64_t kWrittenResolutionSeconds = 2;

}  // namespace

bool FatRecovery::ReadGeometry(TSK_FS_INFO& system, Geometry& geometry) {
  const bool is_fat =
      system.ftype == TSK_FS_TYPE_FAT12 || system.ftype == TSK_FS_TYPE_FAT16 || system.ftype == TSK_FS_TYPE_FAT32;
  std::array<char, kBootBytes> boot = {};
  if (!is_fat || tsk_fs_read(&system, 0, boot.data(), boot.size()) != static_cast<ssize_t>(boot.size())) return false;
  geometry.sector_bytes = Number(boot, 11, 2);
  geometry.sectors_in_cluster = Number(boot, 13, 1);
  if (geometry.sector_bytes != system.block_size || geometry.sectors_in_cluster == 0) return false;
  const uint64_t sectors_in_fat = Number(boot, 22, 2) != 0 ? Number(boot, 22, 2) : Number(boot, 36, 4);
  const uint64_t root_bytes = uint64_t{Number(boot, 17, 2)} * 32;
  geometry.first_sector = Number(boot, 14, 2) + Number(boot, 16, 1) * sectors_in_fat +
                          (root_bytes + geometry.sector_bytes - 1) / geometry.sector_bytes;
  const uint64_t sectors = system.last_block + 1;
  if (geometry.first_sector >= sectors) return false;
  geometry.clusters = std::min((sectors - geometry.first_sector) / geometry.sectors_in_cluster, kMostClusters);
  return geometry.clusters > 0;
}

// A file system gives clusters out upwards. So those whose clusters are all in one piece, with no other's beginning
// among them, have them first; another takes what is free behind its beginning and nobody's, up to where a file begins
// that was created after this one was last written. Where that is not enough it takes the lowest of those in one piece,
// and whoever had them goes on behind.
struct FatRecovery::Search {
  explicit Search(FatRecovery& recovery) : made(recovery), system(recovery.system_), geometry(recovery.geometry_) {}

  void FindDeleted() {
    std::vector<TSK_INUM_T> folders = {system.root_inum};
    absl::flat_hash_set<TSK_INUM_T> seen_folders = {system.root_inum};
    size_t names = 0;
    while (!folders.empty() && seen_folders.size() < kMostFolders && names < kMostNames &&
           deleted.size() < kMostDeleted) {
      const FolderHandle folder(tsk_fs_dir_open_meta(&system, folders.back()));
      folders.pop_back();
      const size_t count = folder == nullptr ? 0 : tsk_fs_dir_getsize(folder.get());
      for (size_t i = 0; i < count && names < kMostNames; ++i, ++names) {
        const TSK_FS_NAME* name = tsk_fs_dir_get_name(folder.get(), i);
        if (name == nullptr || name->name == nullptr || TSK_FS_ISDOT(name->name)) continue;
        if (name->type != TSK_FS_NAME_TYPE_DIR && name->type != TSK_FS_NAME_TYPE_REG) continue;
        if (name->type == TSK_FS_NAME_TYPE_DIR && seen_folders.insert(name->meta_addr).second) {
          folders.push_back(name->meta_addr);
        }
        if ((name->flags & TSK_FS_NAME_FLAG_UNALLOC) != 0) AddDeleted(*folder, i);
      }
    }
  }

  void AddDeleted(const TSK_FS_DIR& folder, size_t i) {
    const FileHandle file(tsk_fs_dir_get(&folder, i));
    if (file == nullptr || file->meta == nullptr || file->meta->size <= 0) return;
    const TSK_FS_ATTR* contents = tsk_fs_file_attr_get(file.get());
    if (contents == nullptr || (contents->flags & TSK_FS_ATTR_NONRES) == 0 || contents->nrd.run == nullptr) return;
    const uint64_t sector = contents->nrd.run->addr;
    if (sector < geometry.first_sector) return;
    const uint64_t cluster = (sector - geometry.first_sector) / geometry.sectors_in_cluster;
    if (cluster >= geometry.clusters || !seen.insert(file->meta->addr).second) return;
    const auto size_bytes = static_cast<uint64_t>(file->meta->size);
    const uint64_t clusters = size_bytes / geometry.cluster_bytes() + (size_bytes % geometry.cluster_bytes() != 0);
    deleted.push_back({.address = file->meta->addr,
                       .size_bytes = size_bytes,
                       .first = static_cast<uint32_t>(cluster),
                       .clusters = clusters,
                       .created = file->meta->crtime,
                       .written = file->meta->mtime});
    beginnings.insert(static_cast<uint32_t>(cluster));
  }

  bool IsFree(uint64_t cluster) {
    ++steps;
    const uint64_t sector = geometry.first_sector + cluster * geometry.sectors_in_cluster;
    return (system.block_getflags(&system, sector) & TSK_FS_BLOCK_FLAG_UNALLOC) != 0;
  }

  bool IsInOnePiece(const DeletedFile& file) {
    if (file.clusters > geometry.clusters - file.first) return false;
    for (uint64_t i = 0; i < file.clusters; ++i) {
      if (steps >= kMostSteps) return false;
      const auto cluster = static_cast<uint32_t>(file.first + i);
      if ((i > 0 && beginnings.contains(cluster)) || !IsFree(cluster)) return false;
    }
    return true;
  }

  // Where the first file begins that is younger than the last write to this one.
  uint64_t LimitOf(size_t index) {
    const int64_t written = deleted[index].written + kWrittenResolutionSeconds;
    for (size_t i = index + 1; i < deleted.size() && steps < kMostSteps; ++i, ++steps) {
      if (deleted[i].created > written && deleted[i].first > deleted[index].first) return deleted[i].first;
    }
    return geometry.clusters;
  }

  bool MayTake(uint32_t cluster, bool from_others) {
    if (beginnings.contains(cluster) || !IsFree(cluster)) return false;
    const auto owned = owners.find(cluster);
    return owned == owners.end() || (from_others && deleted[owned->second].in_one_piece);
  }

  bool Place(size_t index, bool from_others) {
    const DeletedFile& file = deleted[index];
    // What begins in a block that is another's by now is lost.
    if (!IsFree(file.first) || file.clusters > kMostSteps) return false;
    std::vector<uint32_t> taken = {file.first};
    const uint64_t limit = LimitOf(index);
    for (uint64_t at = uint64_t{file.first} + 1; at < limit && taken.size() < file.clusters; ++at) {
      if (steps >= kMostSteps) return false;
      if (MayTake(static_cast<uint32_t>(at), from_others)) taken.push_back(static_cast<uint32_t>(at));
    }
    if (taken.size() < file.clusters) return false;
    absl::flat_hash_set<size_t> robbed;
    for (const uint32_t cluster : taken) {
      const auto [owned, is_new] = owners.try_emplace(cluster, index);
      if (is_new || owned->second == index) continue;
      // Of two that begin alike the first keeps the beginning.
      if (cluster != file.first) robbed.insert(owned->second);
      owned->second = index;
    }
    made.files_[file.address] = {.size_bytes = file.size_bytes, .clusters = std::move(taken)};
    for (const size_t other : robbed) GiveUp(other);
    for (const size_t other : robbed) Place(other, false);
    return true;
  }

  void GiveUp(size_t index) {
    DeletedFile& file = deleted[index];
    file.in_one_piece = false;
    for (uint64_t i = 0; i < file.clusters; ++i) {
      const auto owned = owners.find(static_cast<uint32_t>(file.first + i));
      if (owned != owners.end() && owned->second == index) owners.erase(owned);
    }
  }

  void Run() {
    FindDeleted();
    std::sort(deleted.begin(), deleted.end(), [](const DeletedFile& a, const DeletedFile& b) {
      return std::pair(a.first, a.address) < std::pair(b.first, b.address);
    });
    std::vector<size_t> others;
    for (size_t index = 0; index < deleted.size(); ++index) {
      DeletedFile& file = deleted[index];
      file.in_one_piece = IsInOnePiece(file);
      if (!file.in_one_piece) {
        others.push_back(index);
        continue;
      }
      for (uint64_t i = 0; i < file.clusters; ++i) owners.try_emplace(static_cast<uint32_t>(file.first + i), index);
    }
    for (const size_t index : others) {
      if (!Place(index, false)) Place(index, true);
    }
  }

  FatRecovery& made;
  TSK_FS_INFO& system;
  const Geometry& geometry;
  absl::flat_hash_map<uint32_t, size_t> owners;  // of clusters, in `deleted`
  std::vector<DeletedFile> deleted;
  absl::flat_hash_set<TSK_INUM_T> seen;  // of `deleted`
  absl::flat_hash_set<uint32_t> beginnings;
  uint64_t steps = 0;
};

std::unique_ptr<FatRecovery> FatRecovery::Create(TSK_FS_INFO& system) {
  Geometry geometry;
  if (!ReadGeometry(system, geometry)) return nullptr;
  std::unique_ptr<FatRecovery> recovery(new FatRecovery(system, geometry));
  Search(*recovery).Run();
  return recovery;
}

uint64_t FatRecovery::SizeOf(TSK_INUM_T file) const {
  const auto found = files_.find(file);
  return found == files_.end() ? 0 : found->second.size_bytes;
}

absl::StatusOr<size_t> FatRecovery::Read(TSK_INUM_T file, uint64_t offset_bytes, absl::Span<char> buffer) const {
  const auto found = files_.find(file);
  if (found == files_.end()) return absl::NotFoundError("There is no other way to read it");
  const File& known = found->second;
  if (offset_bytes >= known.size_bytes) return 0;
  const size_t wanted = static_cast<size_t>(std::min<uint64_t>(buffer.size(), known.size_bytes - offset_bytes));
  for (size_t done = 0; done < wanted;) {
    const uint64_t at = offset_bytes + done;
    const uint64_t in_cluster = at % geometry_.cluster_bytes();
    const uint64_t cluster = known.clusters[static_cast<size_t>(at / geometry_.cluster_bytes())];
    const size_t size = static_cast<size_t>(std::min<uint64_t>(wanted - done, geometry_.cluster_bytes() - in_cluster));
    const uint64_t from = geometry_.first_sector * geometry_.sector_bytes + cluster * geometry_.cluster_bytes();
    tsk_error_reset();
    if (tsk_fs_read(&system_, static_cast<TSK_OFF_T>(from + in_cluster), buffer.data() + done, size) !=
        static_cast<ssize_t>(size)) {
      return absl::DataLossError(Concat("Reading record ", file, ": ", LastLibtskError()));
    }
    done += size;
  }
  return wanted;
}

}  // namespace hozen
