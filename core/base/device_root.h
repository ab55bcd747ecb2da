// Paths of Windows that begin not with a drive but with a device, as those into a shadow copy do:
// \\?\GLOBALROOT\Device\HarddiskVolumeShadowCopy1\Windows. The device as a whole is the path's first part.
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
// What stands before the number of a shadow copy.
inline constexpr std::string_view kShadowCopyDevice = R"(\\?\GLOBALROOT\Device\HarddiskVolumeShadowCopy)";

// How many bytes of `path`, or of a pattern of paths, are the device that it begins with; 0 where it begins with none.
// Case does not matter. Thread-safe.
inline size_t DeviceRootSize(std::string_view path) {
  if (!absl::StartsWithIgnoreCase(AbslView(path), AbslView(kDevicesRoot))) return 0;
  const size_t end = std::min(path.find('\\', kDevicesRoot.size()), path.size());
  return end == kDevicesRoot.size() ? 0 : end;
}

}  // namespace hozen

#endif  // HOZEN_CORE_BASE_DEVICE_ROOT_H_
