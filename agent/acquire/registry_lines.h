// Keys of a registry as lines of JSON (docs/formats/registry.md). Pure functions, thread-safe.
#ifndef HOZEN_AGENT_ACQUIRE_REGISTRY_LINES_H_
#define HOZEN_AGENT_ACQUIRE_REGISTRY_LINES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proto/hozen/v1/registry.pb.h"

namespace hozen {

// With its line feed; valid UTF-8 whatever stands in the key. `root` is what the hive's root is called, WTF-8:
// "HKEY_LOCAL_MACHINE\System".
std::string RegistryLine(const v1::RegistryKey& key, std::string_view root);

// A value as text, WTF-8, up to its first NUL; nullopt where it is none (not REG_SZ, REG_EXPAND_SZ or REG_LINK) or was
// cut off.
std::optional<std::string> RegistryText(const v1::RegistryValue& value);
// A REG_DWORD or REG_QWORD; nullopt where it is none.
std::optional<uint64_t> RegistryNumber(const v1::RegistryValue& value);

}  // namespace hozen

#endif  // HOZEN_AGENT_ACQUIRE_REGISTRY_LINES_H_
