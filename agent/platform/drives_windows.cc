#include <windows.h>

#include "agent/platform/drives.h"
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

std::string SystemDrive() { return WindowsFolder().substr(0, 2); }

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
