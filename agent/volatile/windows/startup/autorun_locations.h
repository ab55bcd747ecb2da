// Where Windows' registry says what starts by itself: a table, and nothing else.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_AUTORUN_LOCATIONS_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_AUTORUN_LOCATIONS_H_

#include "absl/types/span.h"

namespace hozen {

struct AutorunLocation {
  enum class Root {
    kSoftware,         // Software of the machine, and of each user whose hive is loaded; what 32 bits see as well
    kMachineSoftware,  // of the machine alone, both views
    kUser,             // the hive of a user
    kControl,          // the machine's SYSTEM\CurrentControlSet
  };
  Root root;
  const wchar_t* path;   // below it; a part that is * is every key there
  const wchar_t* value;  // null: each value of the key is a program
};

// Thread-safe.
absl::Span<const AutorunLocation> AutorunLocations();

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_AUTORUN_LOCATIONS_H_
