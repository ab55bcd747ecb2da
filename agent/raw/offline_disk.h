// A disk that does not run, or the image of one, and the system on it.
#ifndef HOZEN_AGENT_RAW_OFFLINE_DISK_H_
#define HOZEN_AGENT_RAW_OFFLINE_DISK_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/acquire/file_tree.h"
#include "agent/imaging/disk_contents.h"
#include "agent/raw/offline_facts.h"
#include "agent/raw/offline_system.h"
#include "agent/raw/raw_volume.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

// Thread-safe once it is open.
class OfflineDisk {
 public:
  // Errors as DiskContents::Open; NotFound where nothing on the disk is a file system that we read.
  static absl::StatusOr<std::unique_ptr<OfflineDisk>> Open(const std::string& path, bool as_is,
                                                           const VolumeReaderOptions& options,
                                                           const DiskContents::OpenFile& open);

  FileTree& tree() { return *tree_; }
  SystemFacts& facts() { return *facts_; }
  const OpenedDisk& file() const { return contents_->file(); }
  // With partitions and systems.
  const v1::DiskMetadata& metadata() const { return metadata_; }

 private:
  explicit OfflineDisk(std::unique_ptr<DiskContents> contents) : contents_(std::move(contents)) {}
  absl::Status Look(const std::string& path);

  const std::unique_ptr<DiskContents> contents_;
  v1::DiskMetadata metadata_;
  std::vector<std::unique_ptr<RawVolume>> volumes_;
  std::unique_ptr<FileTree> tree_;
  std::unique_ptr<SystemFacts> facts_;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_RAW_OFFLINE_DISK_H_
