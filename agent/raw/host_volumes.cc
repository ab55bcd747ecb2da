#include "agent/raw/host_volumes.h"

#include <cstdint>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "agent/raw/raw_tree.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

// What stat says of files there: as makedev(3) puts the two together.
uint64_t DeviceNumber(const std::string& text) {
  const std::vector<std::string> halves = absl::StrSplit(text, ':');
  uint64_t major_number = 0;
  uint64_t minor_number = 0;
  if (halves.size() != 2 || !absl::SimpleAtoi(halves[0], &major_number) ||
      !absl::SimpleAtoi(halves[1], &minor_number)) {
    return 0;
  }
  return (major_number & 0xFFFFF000) << 32 | (major_number & 0xFFF) << 8 | (minor_number & 0xFFFFFF00) << 12 |
         (minor_number & 0xFF);
}

}  // namespace

HostVolumes::HostVolumes(const MountTable& mounts, VolumeReaderOptions options) : options_(std::move(options)) {
  RawTreeShape shape;
  for (Mount& mount : mounts.List()) {
    auto device = std::make_unique<Device>();
    const std::string path = mount.path == "/" ? "" : mount.path;
    device->mount = std::move(mount);
    shape.volumes[path] = [this, found = device.get()] { return Open(*found); };
    devices_.push_back(std::move(device));
  }
  tree_ = NewRawTree(std::move(shape));
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
  // By its number, where the system has a name for that: the other may have come to mean something else.
  absl::StatusOr<OpenedDisk> disk = OpenDisk(Concat("/dev/block/", mount.device_number));
  if (absl::IsNotFound(disk.status())) disk = OpenDisk(mount.source);
  if (!disk.ok()) return disk.status();
  device.disk = *std::move(disk);
  auto volume = std::make_unique<RawVolume>(
      [options = options_, fd = device.disk.fd.get(), size_bytes = device.disk.size_bytes,
       sector_size_bytes = device.disk.sector_size_bytes] {
        return VolumeReader::Start(options, fd, size_bytes, sector_size_bytes);
      },
      0, DeviceNumber(mount.device_number));
  HOZEN_RETURN_IF_ERROR(volume->Describe().status());
  device.volume = std::move(volume);
  return device.volume.get();
}

}  // namespace hozen
