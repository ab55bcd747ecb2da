// Which hive files hold the keys that a pattern of the registry means, and what they are called in there. Pure
// functions, thread-safe. docs/formats/windows.md lists the hives.
#ifndef HOZEN_AGENT_ACQUIRE_HIVE_MAP_H_
#define HOZEN_AGENT_ACQUIRE_HIVE_MAP_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/acquire/windows_variables.h"

namespace hozen {

struct HivePlace {
  // The hive's path, "C:\Windows\System32\config\SYSTEM"; bytes, no pattern. Case does not matter. Empty for what only
  // a running Windows has.
  std::string file;
  std::string root;  // what its root is called: "HKEY_LOCAL_MACHINE\System"
  std::string key;   // a pattern below the root, beginning with \; "\" is the root itself
};

// `key` is a pattern as plans have it, its variables filled in: it begins with HKEY_LOCAL_MACHINE or HKEY_USERS.
// CurrentControlSet is values.control_set; the classes of a person (Software\Classes) are in a hive of their own. Each
// place once; none where no hive holds such keys. InvalidArgument where the pattern is malformed or begins with
// something else.
absl::StatusOr<std::vector<HivePlace>> HivesOf(std::string_view key, const WindowsValues& values);

}  // namespace hozen

#endif  // HOZEN_AGENT_ACQUIRE_HIVE_MAP_H_
