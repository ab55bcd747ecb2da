// Keys of the running system's registry, as the kernel names them: names and values may hold zeros, which Win32's own
// functions cannot open and programs hide behind.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_REGISTRY_KEY_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_REGISTRY_KEY_H_

#include <google/protobuf/timestamp.pb.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/windows_handle.h"

namespace hozen {

struct RegistryValue {
  std::wstring name;
  uint32_t type = 0;  // REG_SZ, ...
  std::string data;   // bytes as they are

  // The strings that it is: one for REG_SZ and REG_EXPAND_SZ, without the zero at its end and nothing expanded; those
  // of a REG_MULTI_SZ. None where it is of another type.
  std::optional<std::vector<std::wstring>> Texts() const;
  // Of a REG_DWORD.
  std::optional<uint32_t> Number() const;
};

// Thread-compatible.
class RegistryKey {
 public:
  // `path` is the kernel's: "\Registry\Machine\SOFTWARE\..." and "\Registry\User\S-1-...", where what programs of 32
  // bits see has a folder Wow6432Node. NotFound; PermissionDenied also where the right to back up does not help.
  static absl::StatusOr<RegistryKey> Open(std::wstring_view path);
  // `path` is below this key; empty: the key itself again.
  absl::StatusOr<RegistryKey> OpenBelow(std::wstring_view path) const;

  // Names of the keys below; ResourceExhausted where there are more than `most`, which are left out of `names`.
  absl::Status Names(size_t most, std::vector<std::wstring>& names) const;
  // NotFound where it has none of that name; ResourceExhausted where its data is larger than 1 MiB.
  absl::StatusOr<RegistryValue> Value(std::wstring_view name) const;
  // Each of its values, at most so many (ResourceExhausted); one whose data is larger than 1 MiB has none.
  absl::Status EachValue(size_t most, const std::function<void(RegistryValue)>& take) const;
  // When something in it was changed last; of keys below nothing is said.
  std::optional<google::protobuf::Timestamp> changed() const;

 private:
  explicit RegistryKey(WindowsHandle handle) : handle_(std::move(handle)) {}
  static absl::StatusOr<RegistryKey> OpenAt(void* parent, std::wstring_view path);

  WindowsHandle handle_;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_REGISTRY_KEY_H_
