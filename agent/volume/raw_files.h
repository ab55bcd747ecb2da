// Files of the file systems on a disk: folders, records and attributes, read through libtsk. The child's side only.
#ifndef HOZEN_AGENT_VOLUME_RAW_FILES_H_
#define HOZEN_AGENT_VOLUME_RAW_FILES_H_

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "agent/volume/disk_image.h"
#include "agent/volume/raw_file.h"
#include "proto/hozen/v1/raw_entry.pb.h"

namespace hozen {

// Thread-compatible. Borrows the disk. Keeps a few file systems open, and in each the last folder and the last file, so
// that going on with one costs little; memory is theirs, whatever the number of files.
//
// Of all calls: NotFound where there is no file system at the offset, or no such file in it; InvalidArgument where the
// file is no folder and one was meant; DataLoss where it is there and cannot be read.
class RawFiles {
 public:
  using OnEntry = std::function<void(const v1::RawEntry&)>;  // the entry is good until it returns

  explicit RawFiles(DiskImage& disk);
  ~RawFiles();
  RawFiles(const RawFiles&) = delete;
  RawFiles& operator=(const RawFiles&) = delete;

  // All names of the folder in the file system's order, but "." and ".." and what libtsk adds by itself ($OrphanFiles,
  // and on FAT $MBR, $FAT1 and $FAT2).
  absl::Status ReadFolder(const RawFileId& folder, const RawFolderOptions& options, const OnEntry& on_entry);

  // An allocated name in the folder. Where the file system ignores case, so does this for ASCII; the same letters are
  // preferred.
  absl::StatusOr<v1::RawEntry> FindEntry(const RawFileId& folder, std::string_view name);

  // By its record; the entry has no name. A deleted file on FAT, whose blocks may be guessed in two ways, has the other
  // way (FatRecovery) as an attribute with the id 1, in ReadFolder too.
  absl::StatusOr<v1::RawEntry> DescribeFile(const RawFileId& file);

  // Fills the buffer, or gives what there is to the attribute's end, or to that of its blocks where it has no holes.
  absl::StatusOr<size_t> ReadAttribute(const RawFileId& file, const RawAttributeId& attribute, uint64_t offset_bytes,
                                       absl::Span<char> buffer);

  absl::StatusOr<RawFileSystem> DescribeFileSystem(uint64_t offset_bytes);

  // Deleted files whose records no name leads to. The first time all folders are walked for that. Of the options only
  // the page counts.
  absl::Status ReadOrphans(uint64_t offset_bytes, const RawFolderOptions& options, const OnEntry& on_entry);

 private:
  struct OpenSystem;

  absl::StatusOr<OpenSystem*> System(uint64_t offset_bytes);
  static absl::StatusOr<TSK_FS_FILE*> File(OpenSystem& system, uint64_t address);
  static absl::StatusOr<TSK_FS_DIR*> Folder(OpenSystem& system, uint64_t address);
  static void ReadNames(OpenSystem& system, TSK_FS_DIR& folder, const RawFolderOptions& options,
                        const OnEntry& on_entry);

  DiskImage& disk_;
  std::list<std::unique_ptr<OpenSystem>> open_;  // the last used is first
};

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_RAW_FILES_H_
