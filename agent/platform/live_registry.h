// Keys of the running Windows' registry, by the kernel's own calls: names are counted, so that one with a NUL in it is
// read like any other. Nothing is opened for writing, and no link is followed.
// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwopenkeyex
// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwenumeratekey
#ifndef HOZEN_AGENT_PLATFORM_LIVE_REGISTRY_H_
#define HOZEN_AGENT_PLATFORM_LIVE_REGISTRY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/windows_handle.h"

namespace hozen {

struct LiveRegistryValue {
  std::string name;  // WTF-8
  uint32_t type = 0;
  std::string data;  // from its start
  uint64_t size_bytes = 0;
};

// An open key. Thread-compatible. NotFound where there is none, PermissionDenied where the system keeps it from us.
class LiveRegistryKey {
 public:
  // The root of a hive by what plans call it ("HKEY_LOCAL_MACHINE\Software", "HKEY_USERS\S-1-5-18"), case does not
  // matter. NotFound also where the hive is not loaded, as that of somebody who is not logged on.
  static absl::StatusOr<LiveRegistryKey> OpenHive(std::string_view root);
  absl::StatusOr<LiveRegistryKey> OpenSubkey(std::string_view name) const;

  absl::StatusOr<int64_t> LastWrittenUnixNs() const;
  // The names of at most so many, WTF-8. The registry may change meanwhile: what comes or goes may be left out.
  absl::StatusOr<std::vector<std::string>> Subkeys(size_t most) const;
  // Value by value, of each at most so many bytes. `index` counts from 0; NotFound behind the last one,
  // ResourceExhausted for one of more than 64 MiB.
  absl::StatusOr<LiveRegistryValue> ValueAt(size_t index, size_t most_bytes) const;

 private:
  explicit LiveRegistryKey(WindowsHandle handle) : handle_(std::move(handle)) {}

  WindowsHandle handle_;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_LIVE_REGISTRY_H_
