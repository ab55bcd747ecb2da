// Paths of Windows that begin not with a drive but with a device, as those into a shadow copy do:
// \\?\GLOBALROOT\Device\HarddiskVolumeShadowCopy1\Windows, and those into a volume that need have no letter:
// \\?\Volume{0a1b...}\EFI. The device as a whole is the path's first part.
// https://learn.microsoft.com/en-us/windows/win32/vss/requestor-role-in-backing-up-vss-enabled-applications
#ifndef HOZEN_CORE_BASE_DEVICE_ROOT_H_
#define HOZEN_CORE_BASE_DEVICE_ROOT_H_

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "absl/strings/match.h"
#include "core/base/concat.h"

namespace hozen {

inline constexpr std::string_view kDevicesRoot = R"(\\?\GLOBALROOT\Device\)";
inline constexpr std::string_view kVolumeDevice = R"(\\?\Volume{)";
// What stands before the number of a shadow copy.
inline constexpr std::string_view kShadowCopyDevice = R"(\\?\GLOBALROOT\Device\HarddiskVolumeShadowCopy)";

// How many bytes of it are the same for every device of its kind; 0 where it begins with none. Thread-safe.
inline size_t DevicePrefixSize(std::string_view path) {
  for (const std::string_view prefix : {kDevicesRoot, kVolumeDevice}) {
    if (absl::StartsWithIgnoreCase(AbslView(path), AbslView(prefix))) return prefix.size();
  }
  return 0;
}

// How many bytes of `path`, or of a pattern of paths, are the device that it begins with; 0 where it begins with none.
// Case does not matter. Thread-safe.
inline size_t DeviceRootSize(std::string_view path) {
  const size_t prefix = DevicePrefixSize(path);
  if (prefix == 0) return 0;
  const size_t end = std::min(path.find('\\', prefix), path.size());
  return end == prefix ? 0 : end;
}

// Is it a path that begins with a volume's own name? Thread-safe.
inline bool BeginsWithVolume(std::string_view path) {
  return absl::StartsWithIgnoreCase(AbslView(path), AbslView(kVolumeDevice)) && DeviceRootSize(path) > 0;
}

}  // namespace hozen

#endif  // HOZEN_CORE_BASE_DEVICE_ROOT_H_
