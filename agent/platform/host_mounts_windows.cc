#include "agent/platform/host_mounts.h"

namespace hozen {

// Every process of Windows has the host's.
UniqueFd OpenHostMounts() { return UniqueFd(); }

}  // namespace hozen
