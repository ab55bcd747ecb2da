#include "agent/platform/shadow_devices.h"

namespace hozen {

absl::StatusOr<std::vector<std::string>> ListShadowDevices() { return std::vector<std::string>(); }

}  // namespace hozen
