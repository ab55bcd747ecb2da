// The kernel's names of files (\Device\HarddiskVolume3\x) as the paths that people and plans use (C:\x).
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_DEVICE_PATHS_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_DEVICE_PATHS_H_

#include <map>
#include <string>
#include <string_view>

namespace hozen {

// Thread-safe once made: a picture of the moment in which it was read. Texts are UTF-16.
class DevicePaths {
 public:
  // What letters stand for, as the agent sees them, and where volumes without a letter are mounted.
  static DevicePaths Read();
  // `places` by their devices: {"\Device\HarddiskVolume3", "C:"}.
  DevicePaths(std::map<std::wstring, std::wstring> places, std::wstring system_folder);

  // "C:\x", "\\server\share\x"; \SystemRoot and \??\ are resolved too. What lies on a device without a place is
  // "\\?\GLOBALROOT\Device\...", by which Windows opens it. A text that is no path of the kernel's stays as it is.
  std::wstring PathOfDevice(std::wstring_view name) const;

  // The device that a place stands for; empty where it is none. "C:".
  std::wstring DeviceOf(std::wstring_view place) const;

 private:
  const std::map<std::wstring, std::wstring> places_;
  const std::wstring system_folder_;  // "C:\Windows"
};

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_DEVICE_PATHS_H_
