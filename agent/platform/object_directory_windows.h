// Names in a directory of Windows' object manager (what WinObj shows). For *_windows.cc files alone.
#ifndef HOZEN_AGENT_PLATFORM_OBJECT_DIRECTORY_WINDOWS_H_
#define HOZEN_AGENT_PLATFORM_OBJECT_DIRECTORY_WINDOWS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace hozen {

struct DirectoryObject {
  std::string name;  // WTF-8
  std::string type;  // "Device", "SymbolicLink", "Directory"
};

// At most 65,536 of them, in the system's order. PermissionDenied, NotFound and others as Win32Status. Thread-safe.
// https://learn.microsoft.com/en-us/windows/win32/devnotes/ntquerydirectoryobject
absl::StatusOr<std::vector<DirectoryObject>> ListObjectDirectory(std::string_view path);

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_OBJECT_DIRECTORY_WINDOWS_H_
