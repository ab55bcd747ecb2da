// What blkid and udev call a partition's PARTUUID. The child's side only.
#ifndef HOZEN_AGENT_VOLUME_PARTITION_UUID_H_
#define HOZEN_AGENT_VOLUME_PARTITION_UUID_H_

#include <string>

#include "agent/volume/disk_image.h"

namespace hozen {

// Of an entry that is in use: a GPT's unique GUID (UEFI 2.10, 5.3.3), "8ae9e0ba-43a9-4d51-9c86-2b9b0a5f3d31"; of an
// MBR the disk's signature and the number that Linux gives the partition, "d4a5c1f0-05". Empty where the table has none
// or cannot be read there. Thread-compatible.
std::string PartitionUuid(DiskImage& disk, const TSK_VS_PART_INFO& entry);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_PARTITION_UUID_H_
