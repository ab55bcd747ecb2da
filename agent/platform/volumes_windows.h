// The volumes of a Windows by the names that it gives them itself, whether they have a letter or not.
#ifndef HOZEN_AGENT_PLATFORM_VOLUMES_WINDOWS_H_
#define HOZEN_AGENT_PLATFORM_VOLUMES_WINDOWS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace hozen {

struct HostVolume {
  std::string device;               // "\\?\Volume{...}", without a backslash at its end
  std::vector<std::string> places;  // "D:", "C:\mnt"; none where it is mounted nowhere

  bool has_letter() const;
};

// Thread-safe. Drives of other machines are no volumes. Nothing on them is looked at. Empty where they cannot be
// listed.
std::vector<HostVolume> ListHostVolumes();

// Where the volume with this device is mounted. Errors as Win32Status.
absl::StatusOr<std::vector<std::string>> PlacesOfVolume(const std::string& device);

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_VOLUMES_WINDOWS_H_
