#include <windows.h>

#include <utility>

#include "agent/platform/drives.h"
#include "agent/platform/volumes_windows.h"
#include "core/base/concat.h"
#include "core/base/windows_text.h"

namespace hozen {

char SystemSeparator() { return '\\'; }

std::vector<std::string> ListDrives() {
  std::vector<std::string> drives;
  const DWORD letters = ::GetLogicalDrives();
  for (int i = 0; i < 26; ++i) {
    if ((letters >> i & 1) != 0) drives.push_back({static_cast<char>('A' + i), ':'});
  }
  return drives;
}

bool IsEmptyDrive(const std::string& drive) {
  const std::wstring root = WideOfWtf8(drive) + L"\\";
  const UINT type = ::GetDriveTypeW(root.c_str());
  if (type != DRIVE_REMOVABLE && type != DRIVE_CDROM) return false;
  // No window that asks for a medium.
  DWORD before = 0;
  ::SetThreadErrorMode(SEM_FAILCRITICALERRORS | SEM_NOOPENFILEERRORBOX, &before);
  const bool is_there = ::GetVolumeInformationW(root.c_str(), nullptr, 0, nullptr, nullptr, nullptr, nullptr, 0);
  const DWORD error = is_there ? ERROR_SUCCESS : ::GetLastError();
  ::SetThreadErrorMode(before, nullptr);
  return error == ERROR_NOT_READY || error == ERROR_NO_MEDIA_IN_DRIVE;
}

std::string SystemDrive() { return WindowsFolder().substr(0, 2); }

std::optional<std::string> PathOfVolume(std::string_view name) {
  const std::string device = Concat(R"(\\?\)", name);
  const absl::StatusOr<std::vector<std::string>> places = PlacesOfVolume(device);
  if (!places.ok()) return std::nullopt;
  for (const std::string& place : *places) {
    if (place.size() == 2) return place;
  }
  return device;
}

std::vector<std::string> ListVolumesWithoutDrive() {
  std::vector<std::string> devices;
  for (HostVolume& volume : ListHostVolumes()) {
    if (!volume.has_letter()) devices.push_back(std::move(volume.device));
  }
  return devices;
}

std::string WindowsFolder() {
  wchar_t folder[MAX_PATH] = {};
  const UINT size = ::GetSystemWindowsDirectoryW(folder, MAX_PATH);
  return size < 2 || size >= MAX_PATH ? R"(C:\Windows)" : Wtf8OfWide({folder, size});
}

std::string SystemProgramsFolder() {
  wchar_t folder[MAX_PATH] = {};
  const UINT size = ::GetSystemDirectoryW(folder, MAX_PATH);
  return size < 2 || size >= MAX_PATH ? WindowsFolder() + R"(\System32)" : Wtf8OfWide({folder, size});
}

}  // namespace hozen
