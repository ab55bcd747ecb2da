// Where the pieces of deleted files on FAT may lie. A deleted name keeps its first cluster and its size, and the chain
// is gone; libtsk takes the clusters that follow and are free. Where another deleted file begins among those, that is
// wrong, and this says another way. The child's side only.
#ifndef HOZEN_AGENT_VOLUME_FAT_RECOVERY_H_
#define HOZEN_AGENT_VOLUME_FAT_RECOVERY_H_

#include <tsk/libtsk.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace hozen {

// Thread-compatible. Borrows the file system. A guess, and bounded: files and clusters beyond its bounds have none.
class FatRecovery {
 public:
  // Walks all folders, deleted ones too. Null where it is no FAT12, FAT16 or FAT32.
  static std::unique_ptr<FatRecovery> Create(TSK_FS_INFO& system);

  // Whether there is another way than libtsk's for this deleted file.
  bool Knows(TSK_INUM_T file) const { return files_.contains(file); }
  uint64_t SizeOf(TSK_INUM_T file) const;

  // Fills the buffer, or gives what there is to the file's end. NotFound where there is no other way; DataLoss where
  // the disk cannot be read.
  absl::StatusOr<size_t> Read(TSK_INUM_T file, uint64_t offset_bytes, absl::Span<char> buffer) const;

 private:
  struct Geometry {
    uint64_t first_sector = 0;  // of the first cluster
    uint64_t sectors_in_cluster = 0;
    uint64_t sector_bytes = 0;
    uint64_t clusters = 0;
    uint64_t cluster_bytes() const { return sectors_in_cluster * sector_bytes; }
  };
  struct File {
    uint64_t size_bytes = 0;
    std::vector<uint32_t> clusters;  // from 0
  };
  struct Search;

  FatRecovery(TSK_FS_INFO& system, const Geometry& geometry) : system_(system), geometry_(geometry) {}
  static bool ReadGeometry(TSK_FS_INFO& system, Geometry& geometry);

  TSK_FS_INFO& system_;
  const Geometry geometry_;
  absl::flat_hash_map<TSK_INUM_T, File> files_;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_FAT_RECOVERY_H_
