// What a Windows says about itself in its registry: the values of its variables, its people, its name. Thread-safe
// where the lookup is.
#ifndef HOZEN_AGENT_ACQUIRE_WINDOWS_REGISTRY_H_
#define HOZEN_AGENT_ACQUIRE_WINDOWS_REGISTRY_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/acquire/hive_map.h"
#include "agent/acquire/windows_variables.h"
#include "proto/hozen/v1/registry.pb.h"

namespace hozen {

// The keys that a place means, with their values. NotFound where there is no such hive; a key that is not there is no
// error.
using RegistryLookup = std::function<absl::StatusOr<std::vector<v1::RegistryKey>>(const HivePlace& place)>;

struct WindowsFacts {
  WindowsValues values;
  std::string hostname;
  std::string version;                // "Windows 10 Pro 22H2 (19045)", as far as it is known
  std::vector<std::string> problems;  // hives that could not be read, and why: what they say is not known
};

// `system_root` is where the Windows folder was found ("C:\Windows"). Its own drive may have had another letter when it
// ran; what its registry says of that drive is told with the letter of `system_root`. Never fails: what cannot be had
// is left empty, which is where Windows puts it, and said.
WindowsFacts ReadWindowsFacts(std::string_view system_root, const RegistryLookup& lookup);

}  // namespace hozen

#endif  // HOZEN_AGENT_ACQUIRE_WINDOWS_REGISTRY_H_
