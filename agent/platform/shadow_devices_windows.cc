#include <windows.h>

#include <cstdint>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "agent/platform/object_directory_windows.h"
#include "agent/platform/shadow_devices.h"
#include "core/base/concat.h"
#include "core/base/device_root.h"
#include "core/base/windows_handle.h"
#include "core/base/windows_text.h"

namespace hozen {
namespace {

constexpr size_t kMostCopies = 4096;
constexpr uint32_t kMostNumber = 512;  // of those that are asked for one by one

bool IsThere(const std::string& device) {
  // Without a right to read: it is not even looked at what stands on it.
  const WindowsHandle handle(::CreateFileW(WideOfWtf8(device).c_str(), 0,
                                           FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr,
                                           OPEN_EXISTING, 0, nullptr));
  return handle.valid() || ::GetLastError() == ERROR_ACCESS_DENIED;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ListShadowDevices() {
  const std::string_view begin = kShadowCopyDevice.substr(kDevicesRoot.size());
  std::set<uint32_t> numbers;
  const absl::StatusOr<std::vector<DirectoryObject>> objects = ListObjectDirectory("\\Device");
  if (objects.ok()) {
    for (const DirectoryObject& object : *objects) {
      uint32_t number = 0;
      if (absl::StartsWithIgnoreCase(object.name, AbslView(begin)) &&
          absl::SimpleAtoi(AbslView(std::string_view(object.name).substr(begin.size())), &number) &&
          numbers.size() < kMostCopies) {
        numbers.insert(number);
      }
    }
  } else {
    for (uint32_t number = 1; number <= kMostNumber; ++number) {
      if (IsThere(Concat(kShadowCopyDevice, number))) numbers.insert(number);
    }
    if (numbers.empty()) return objects.status();
  }
  std::vector<std::string> devices;
  for (const uint32_t number : numbers) devices.push_back(Concat(kShadowCopyDevice, number));
  return devices;
}

}  // namespace hozen
