// What blkid and udev call PARTUUID. The child's side only.
#ifndef HOZEN_AGENT_VOLUME_PARTITION_UUID_H_
#define HOZEN_AGENT_VOLUME_PARTITION_UUID_H_

#include <cstdint>
#include <map>
#include <string>

#include "agent/volume/disk_image.h"

namespace hozen {

// Of the entries of a partition table: a GPT's unique GUIDs (UEFI 2.10, 5.3.3), "8ae9e0ba-43a9-4d51-9c86-2b9b0a5f3d31";
// of an MBR the disk's signature and the number that Linux gives the partition (its block/partitions/msdos.c),
// "d4a5c1f0-05". They are read from the disk, not taken from libtsk, which counts entries in a byte. Thread-compatible.
class PartitionUuids {
 public:
  PartitionUuids(DiskImage& disk, const TSK_VS_INFO& table);

  // By where the partition begins, in blocks of the table. Empty where the table has none or cannot be read there.
  std::string Of(uint64_t start_block) const;

 private:
  std::map<uint64_t, std::string> by_start_block_;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_PARTITION_UUID_H_
