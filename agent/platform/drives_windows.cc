#include <windows.h>

#include "agent/platform/drives.h"
#include "core/base/windows_text.h"

namespace hozen {
namespace {

constexpr size_t kMostPlacesChars = 64 << 10;

}  // namespace

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
  const std::wstring volume = LR"(\\?\)" + WideOfWtf8(name) + L"\\";
  std::wstring places(1024, L'\0');
  DWORD size = 0;
  while (!::GetVolumePathNamesForVolumeNameW(volume.c_str(), places.data(), static_cast<DWORD>(places.size()), &size)) {
    if (::GetLastError() != ERROR_MORE_DATA || size <= places.size() || size > kMostPlacesChars) return std::nullopt;
    places.assign(size, L'\0');
  }
  // A letter is "D:\"; the others are folders of other volumes.
  for (size_t at = 0; at < places.size() && places[at] != L'\0';) {
    const std::wstring place = places.c_str() + at;
    if (place.size() == 3 && place[1] == L':') return Wtf8OfWide(place.substr(0, 2));
    at += place.size() + 1;
  }
  return std::nullopt;
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
