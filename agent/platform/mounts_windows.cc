#include <windows.h>

#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "agent/platform/mounts.h"
#include "agent/platform/volumes_windows.h"
#include "core/base/device_root.h"
#include "core/base/windows_text.h"

namespace hozen {
namespace {

// A drive that is another machine's may hang when it is asked more than its kind.
Mount Describe(const std::wstring& root, const std::string& path, std::string source) {
  Mount mount;
  mount.path = path;
  mount.root = "/";
  mount.source = std::move(source);
  const UINT type = ::GetDriveTypeW(root.c_str());
  if (type == DRIVE_REMOTE) {
    mount.kind = MountKind::kRemote;
    mount.file_system = "remote";
    return mount;
  }
  wchar_t name[MAX_PATH + 1] = {};
  DWORD serial = 0;
  if (::GetVolumeInformationW(root.c_str(), nullptr, 0, &serial, nullptr, nullptr, name, MAX_PATH)) {
    mount.device = serial;
    mount.file_system = absl::AsciiStrToLower(Wtf8OfWide(name));
  }
  return mount;
}

}  // namespace

// One for each letter, for each folder in which a volume is mounted, and for each volume without a letter where paths
// begin with its device.
absl::StatusOr<MountTable> MountTable::Read() {
  MountTable table;
  const DWORD letters = ::GetLogicalDrives();
  for (int i = 0; i < 26; ++i) {
    if ((letters >> i & 1) == 0) continue;
    const std::string path = {static_cast<char>('A' + i), ':'};
    table.by_path_.insert_or_assign(path,
                                    Describe({static_cast<wchar_t>(L'A' + i), L':', L'\\'}, path, R"(\\.\)" + path));
  }
  for (const HostVolume& volume : ListHostVolumes()) {
    if (volume.has_letter() && volume.places.size() == 1) continue;
    const Mount mount = Describe(WideOfWtf8(volume.device) + L"\\", volume.device, volume.device);
    if (!volume.has_letter()) table.by_path_.insert_or_assign(mount.path, mount);
    for (const std::string& place : volume.places) {
      if (place.size() == 2) continue;
      Mount in_folder = mount;
      in_folder.path = place;
      table.by_path_.insert_or_assign(place, std::move(in_folder));
    }
  }
  return table;
}

const Mount* MountTable::Of(std::string_view path) const {
  const size_t device_size = DeviceRootSize(path);
  while (true) {
    const Mount* const mount = At(path);
    const size_t end = path.rfind('\\');
    if (mount != nullptr || end == std::string_view::npos || end < device_size) return mount;
    path = path.substr(0, end);
  }
}

}  // namespace hozen
