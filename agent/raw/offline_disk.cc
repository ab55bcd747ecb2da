#include "agent/raw/offline_disk.h"

#include <utility>

#include "agent/raw/raw_tree.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"

namespace hozen {

absl::StatusOr<std::unique_ptr<OfflineDisk>> OfflineDisk::Open(const std::string& path, bool as_is,
                                                               const VolumeReaderOptions& options,
                                                               const DiskContents::OpenFile& open) {
  HOZEN_ASSIGN_OR_RETURN(std::unique_ptr<DiskContents> contents, DiskContents::Open(path, as_is, options, open));
  std::unique_ptr<OfflineDisk> disk(new OfflineDisk(std::move(contents)));
  HOZEN_RETURN_IF_ERROR(disk->Look(path));
  return disk;
}

absl::Status OfflineDisk::Look(const std::string& path) {
  metadata_.set_device_path(path);
  metadata_.set_size_bytes(contents_->size_bytes());
  metadata_.set_sector_size_bytes(contents_->sector_size_bytes());
  metadata_.set_container(std::string(contents_->container()));
  HOZEN_ASSIGN_OR_RETURN(const std::unique_ptr<VolumeReader> reader, contents_->StartReader());
  HOZEN_ASSIGN_OR_RETURN(DiskLayout layout, reader->ReadLayout());
  metadata_.set_partition_table(layout.partition_table);
  std::vector<OfflineVolume> found;
  for (v1::Partition& partition : layout.partitions) {
    v1::Partition& kept = *metadata_.add_partitions();
    kept = std::move(partition);
    if (kept.file_system().empty()) continue;
    // A child for each: what one hostile file system does to its own is no concern of the others.
    auto volume = std::make_unique<RawVolume>([contents = contents_.get()] { return contents->StartReader(); },
                                              kept.offset_bytes(), kept.number());
    absl::StatusOr<RawFileSystem> facts = volume->Describe();
    if (!facts.ok()) {
      if (!kept.note().empty()) kept.mutable_note()->append("; ");
      kept.mutable_note()->append(Printable(StdView(facts.status().message())));
      continue;
    }
    found.push_back({.partition = kept, .facts = *std::move(facts), .volume = volume.get()});
    volumes_.push_back(std::move(volume));
  }
  std::vector<OfflineSystem> systems = FindSystems(found);
  if (systems.empty()) {
    return absl::NotFoundError(Concat(Printable(path), " holds no file system that is read here (",
                                      metadata_.partitions_size(), " partitions)"));
  }
  tree_ = NewRawTree(std::move(systems.front().shape));
  facts_ = ReadOfflineFacts(*tree_, found, systems.front().found);
  for (OfflineSystem& system : systems) *metadata_.add_systems() = std::move(system.found);
  return absl::OkStatus();
}

}  // namespace hozen
