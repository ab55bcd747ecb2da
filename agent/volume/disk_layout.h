// What libtsk says about a disk's partitions and file systems. The child's side only.
#ifndef HOZEN_AGENT_VOLUME_DISK_LAYOUT_H_
#define HOZEN_AGENT_VOLUME_DISK_LAYOUT_H_

#include <functional>
#include <string>

#include "agent/volume/disk_image.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

// Calls `on_partition` for each entry of the partition table, in its order, or once for the whole disk where there is
// none. Returns the table's name; empty for none. A GPT whose first header is damaged is read from its backup, ranges
// are cut to the disk, and notes say so. Thread-compatible.
std::string ReadDiskLayout(DiskImage& disk, const std::function<void(const v1::Partition&)>& on_partition);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_DISK_LAYOUT_H_
