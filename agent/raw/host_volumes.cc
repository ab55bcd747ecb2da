#include "agent/raw/host_volumes.h"

#include <utility>

#include "agent/platform/drives.h"
#include "agent/platform/file_access.h"
#include "core/base/concat.h"
#include "core/base/device_root.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"

namespace hozen {

namespace {

// Its files have the device of the volume that it is a copy of, as long as the system says which.
Mount ShadowCopy(const std::string& device, uint64_t number) {
  const absl::StatusOr<OpenedFile> root = OpenRootFolder(device);
  return {.path = device,
          .file_system = "",
          .kind = MountKind::kLocal,
          .source = device,
          .root = "/",
          .device_number = "",
          .device = root.ok() ? root->metadata.device() : number};
}

}  // namespace

HostVolumes::HostVolumes(const MountTable& mounts, const std::vector<std::string>& shadow_devices,
                         VolumeReaderOptions options)
    : options_(std::move(options)) {
  RawTreeShape shape;
  shape.separator = SystemSeparator();
  shape.ignores_case = shape.has_streams = shape.separator == '\\';
  shape.drive = SystemDrive();
  shape.path_of_volume = &PathOfVolume;
  for (Mount& mount : mounts.List()) Add(std::move(mount), shape);
  for (const std::string& device : shadow_devices) Add(ShadowCopy(device, devices_.size() + 1), shape);
  tree_ = NewRawTree(std::move(shape));
}

void HostVolumes::Add(Mount mount, RawTreeShape& shape) {
  auto device = std::make_unique<Device>();
  const std::string path = mount.path == "/" ? "" : mount.path;
  device->mount = std::move(mount);
  const std::string source = device->mount.source;
  shape.volumes[path] = [this, found = device.get()] { return Open(*found); };
  // One that is mounted in a folder is reached by its own name too.
  if (BeginsWithVolume(source)) shape.volumes[source] = shape.volumes[path];
  devices_.push_back(std::move(device));
}

absl::StatusOr<RawVolume*> HostVolumes::Open(Device& device) const {
  const Mount& mount = device.mount;
  if (mount.kind != MountKind::kLocal || mount.source.empty() ||
      (mount.source.front() != '/' && mount.source.front() != '\\')) {
    return absl::UnimplementedError(
        Concat("a file system of type ", Printable(mount.file_system), " is mounted here, which is on no disk"));
  }
  if (mount.root != "/") {
    return absl::UnimplementedError(Concat("only a folder of a file system (", Printable(mount.root),
                                           ") is mounted here; it is read raw where all of it is"));
  }
  absl::MutexLock lock(&device.mutex);
  if (device.volume != nullptr) return device.volume.get();
  // By its number, where there is one and the system has a name for it: the other may have come to mean something else.
  absl::StatusOr<OpenedDisk> disk = absl::NotFoundError("it has no number");
  if (!mount.device_number.empty()) disk = OpenDisk(Concat("/dev/block/", mount.device_number));
  if (absl::IsNotFound(disk.status())) disk = OpenDisk(mount.source);
  if (!disk.ok()) return disk.status();
  device.disk = *std::move(disk);
  auto volume = std::make_unique<RawVolume>(
      [options = options_, fd = device.disk.fd.get(), size_bytes = device.disk.size_bytes,
       sector_size_bytes = device.disk.sector_size_bytes] {
        return VolumeReader::Start(options, fd, size_bytes, sector_size_bytes);
      },
      0, mount.device);
  HOZEN_RETURN_IF_ERROR(volume->Describe().status());
  device.volume = std::move(volume);
  return device.volume.get();
}

RawVolume* HostVolumes::VolumeOf(uint64_t device) const {
  for (const std::unique_ptr<Device>& one : devices_) {
    absl::MutexLock lock(&one->mutex);
    if (one->volume != nullptr && one->volume->device() == device) return one->volume.get();
  }
  return nullptr;
}

}  // namespace hozen
