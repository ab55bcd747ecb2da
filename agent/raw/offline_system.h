// Which operating system stands on the volumes of a disk that does not run, and where in its paths each volume stands.
#ifndef HOZEN_AGENT_RAW_OFFLINE_SYSTEM_H_
#define HOZEN_AGENT_RAW_OFFLINE_SYSTEM_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/raw/raw_tree.h"
#include "agent/raw/raw_volume.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

// A file system of the disk.
struct OfflineVolume {
  v1::Partition partition;
  RawFileSystem facts;
  RawVolume* volume = nullptr;  // borrowed
};

// A line of fstab that mounts something: fstab(5).
struct FstabLine {
  std::string source;  // "UUID=...", "LABEL=...", "/dev/sda2"
  std::string path;
};
// Malformed lines, swap and what has no path are left out. Pure.
std::vector<FstabLine> ParseFstab(std::string_view text);

// Does a line's source mean this volume? By UUID or label, its partition's UUID, and by the number at the end of a
// device's name, which is a guess: the disk had another name, but its partitions the same numbers.
bool IsMeantBy(const FstabLine& line, const OfflineVolume& volume);

struct OfflineSystem {
  v1::FoundSystem found;
  RawTreeShape shape;
};

// Every system that is recognised (Windows by its SYSTEM hive, Linux by /etc), in the order of their partitions. Where
// a system has its volumes it says itself: fstab, MountedDevices; a Windows that does not say has its own at C:.
// Volumes that belong to none of the first one's paths stand beside them: /partition-3, or partition-3: where there are
// drives. Where nothing is recognised, one system without a name: the only volume at the root, or each of several
// beside the others. Empty only where there is no volume.
std::vector<OfflineSystem> FindSystems(const std::vector<OfflineVolume>& volumes);

}  // namespace hozen

#endif  // HOZEN_AGENT_RAW_OFFLINE_SYSTEM_H_
