// Keys of the running system's registry, as the kernel names them: names and values may hold zeros, which Win32's own
// functions cannot open and programs hide behind. For rooms that exist on Windows alone; nothing is opened for writing.
#ifndef HOZEN_AGENT_PLATFORM_REGISTRY_KEY_H_
#define HOZEN_AGENT_PLATFORM_REGISTRY_KEY_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/windows_handle.h"

namespace hozen {

inline constexpr size_t kMostRegistryDataBytes = 1 << 20;

struct RegistryValue {
  std::wstring name;
  uint32_t type = 0;  // REG_SZ, ...
  std::string data;   // bytes as they are, at most kMostRegistryDataBytes from their start
  uint64_t size_bytes = 0;
};

// Thread-compatible.
class RegistryKey {
 public:
  // `path` is the kernel's: "\Registry\Machine\SOFTWARE\..." and "\Registry\User\S-1-...", where what programs of 32
  // bits see has a folder Wow6432Node. NotFound; PermissionDenied also where the right to back up does not help.
  static absl::StatusOr<RegistryKey> Open(std::wstring_view path);
  // `path` is below this key; empty: the key itself again.
  absl::StatusOr<RegistryKey> OpenBelow(std::wstring_view path) const;
  // The same, but a key that is a link is itself, not what it leads to.
  absl::StatusOr<RegistryKey> OpenItself(std::wstring_view name) const;

  // Names of the keys below; ResourceExhausted where there are more than `most`, which are left out of `names`.
  absl::Status Names(size_t most, std::vector<std::wstring>& names) const;
  // NotFound where it has none of that name; ResourceExhausted where it has more data than a RegistryValue holds.
  absl::StatusOr<RegistryValue> Value(std::wstring_view name) const;
  // Each of its values, at most so many (ResourceExhausted); one of over 64 MiB has no data. An error of `take` ends
  // it.
  absl::Status EachValue(size_t most, const std::function<absl::Status(RegistryValue)>& take) const;
  // When something in it was changed last, of keys below nothing is said; 0 where that is not known.
  int64_t changed_unix_ns() const;

 private:
  explicit RegistryKey(WindowsHandle handle) : handle_(std::move(handle)) {}
  static absl::StatusOr<RegistryKey> OpenAt(void* parent, std::wstring_view path, bool itself);

  WindowsHandle handle_;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_REGISTRY_KEY_H_
