// The local volumes of the running host and shadow copies of them, read raw where they stand in its paths.
#ifndef HOZEN_AGENT_RAW_HOST_VOLUMES_H_
#define HOZEN_AGENT_RAW_HOST_VOLUMES_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "agent/acquire/file_tree.h"
#include "agent/platform/disk.h"
#include "agent/platform/mounts.h"
#include "agent/raw/raw_tree.h"
#include "agent/raw/raw_volume.h"
#include "agent/volume/volume_reader.h"

namespace hozen {

// Thread-safe. A device is opened when something on it is asked for, and stays open. What is mounted is looked at once.
// What a raw look sees is what stands on the disk: what the system has not written yet is not there, and what it has
// deleted in the last seconds may be.
class HostVolumes {
 public:
  // `shadow_devices` as ListShadowDevices gives them.
  HostVolumes(const MountTable& mounts, const std::vector<std::string>& shadow_devices, VolumeReaderOptions options);

  FileTree& tree() { return *tree_; }
  // The volume whose files have this device, where one is open; else nullptr. Of a volume and its shadow copies, which
  // have the same, the volume. It is ours.
  RawVolume* VolumeOf(uint64_t device) const;

 private:
  // A mounted device or a shadow copy's, once it was asked for.
  struct Device {
    Mount mount;
    absl::Mutex mutex;
    OpenedDisk disk ABSL_GUARDED_BY(mutex);
    std::unique_ptr<RawVolume> volume ABSL_GUARDED_BY(mutex);
  };

  void Add(Mount mount, RawTreeShape& shape);
  absl::StatusOr<RawVolume*> Open(Device& device) const;

  const VolumeReaderOptions options_;
  std::vector<std::unique_ptr<Device>> devices_;
  std::unique_ptr<FileTree> tree_;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_RAW_HOST_VOLUMES_H_
