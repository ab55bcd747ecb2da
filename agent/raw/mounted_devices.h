// Which letters and names a Windows that does not run gave to the partitions of its disk.
#ifndef HOZEN_AGENT_RAW_MOUNTED_DEVICES_H_
#define HOZEN_AGENT_RAW_MOUNTED_DEVICES_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "agent/acquire/file_tree.h"
#include "agent/raw/hive_file.h"
#include "proto/hozen/v1/evidence.pb.h"
#include "proto/hozen/v1/registry.pb.h"

namespace hozen {

// What the mount manager knows a partition by, in one spelling for both sides: the GUID of a GPT's, and of an MBR's the
// disk's signature and where it begins. Empty for what it knows by other means (removable media, dynamic disks).
std::string MountIdOf(const v1::Partition& partition);

// The values of HKEY_LOCAL_MACHINE\SYSTEM\MountedDevices: \DosDevices\D: or \??\Volume{GUID}, and what it stands for: 4
// bytes of the disk's signature and 8 of the partition's offset, or "DMIO:ID:" and its GUID. What has other forms is
// left out. Thread-compatible.
class MountedDevices {
 public:
  // Of the SYSTEM hive at this path of the tree. What of it cannot be read is left out, and the agent's log says so.
  static MountedDevices Read(FileTree& tree, const FindRawVolume& volume_of, std::string hive_path);

  void Add(const v1::RegistryValue& value);

  // "D:"; nullopt where it has none.
  std::optional<std::string> DriveOf(const v1::Partition& partition) const;
  // What the volume's name stands for, as MountIdOf has it: "Volume{...}", its case is no matter.
  std::optional<std::string> MountIdOfVolume(std::string_view name) const;

 private:
  std::map<std::string, std::string> drives_;   // by mount id; the first letter, where there are several
  std::map<std::string, std::string> volumes_;  // mount ids by names in lower case
};

}  // namespace hozen

#endif  // HOZEN_AGENT_RAW_MOUNTED_DEVICES_H_
