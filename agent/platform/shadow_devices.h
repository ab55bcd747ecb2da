// The devices by which shadow copies of volumes can be read, as paths begin with them.
#ifndef HOZEN_AGENT_PLATFORM_SHADOW_DEVICES_H_
#define HOZEN_AGENT_PLATFORM_SHADOW_DEVICES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace hozen {

// "\\?\GLOBALROOT\Device\HarddiskVolumeShadowCopy1", by number; at most 4,096. They are listed out of the object
// manager's \Device. Where that may not be listed, each number up to 512 is asked for: gaps are ordinary, because
// numbers of copies that were deleted are not used again before the next boot, so none ends the search. Empty on a
// system without shadow copies. Errors as Win32Status. Thread-safe; no service is asked and nothing is changed.
absl::StatusOr<std::vector<std::string>> ListShadowDevices();

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_SHADOW_DEVICES_H_
