#include <windows.h>

#include <string>

#include "absl/strings/ascii.h"
#include "agent/platform/mounts.h"
#include "core/base/windows_text.h"

namespace hozen {
namespace {

// A drive that is another machine's may hang when it is asked more than its kind.
Mount Describe(const std::wstring& root, const std::string& path) {
  Mount mount;
  mount.path = path;
  mount.root = "/";
  mount.source = R"(\\.\)" + path;
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

// One for each letter. What is mounted in a folder is a reparse point, and no walk goes through those.
absl::StatusOr<MountTable> MountTable::Read() {
  MountTable table;
  const DWORD letters = ::GetLogicalDrives();
  for (int i = 0; i < 26; ++i) {
    if ((letters >> i & 1) == 0) continue;
    const std::string path = {static_cast<char>('A' + i), ':'};
    table.by_path_.insert_or_assign(path, Describe({static_cast<wchar_t>(L'A' + i), L':', L'\\'}, path));
  }
  return table;
}

const Mount* MountTable::Of(std::string_view path) const { return At(path.substr(0, path.find('\\'))); }

}  // namespace hozen
