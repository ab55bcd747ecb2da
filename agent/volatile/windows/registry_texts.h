// What values of the registry mean.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_REGISTRY_TEXTS_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_REGISTRY_TEXTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/platform/registry_key.h"

namespace hozen {

// Both are thread-safe.

// The strings that it is: one for REG_SZ and REG_EXPAND_SZ, without the zero at its end and nothing expanded; those of
// a REG_MULTI_SZ. None where it is of another type.
std::optional<std::vector<std::wstring>> TextsOf(const RegistryValue& value);
// Of a REG_DWORD.
std::optional<uint32_t> NumberOf(const RegistryValue& value);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_REGISTRY_TEXTS_H_
