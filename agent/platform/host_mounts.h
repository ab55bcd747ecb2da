// The host's own mounts, where this process was given others: a service manager that lets a service write nowhere
// (ProtectSystem= of systemd) gives it the same files under mounts of its own, whose options are not the host's.
#ifndef HOZEN_AGENT_PLATFORM_HOST_MOUNTS_H_
#define HOZEN_AGENT_PLATFORM_HOST_MOUNTS_H_

#include "core/base/unique_fd.h"

namespace hozen {

// A handle to the mount namespace of the host's first process. Invalid where this process is in it, where it may not
// look, and where that process has another root: then its paths would not be ours. Thread-safe.
UniqueFd OpenHostMounts();

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_HOST_MOUNTS_H_
