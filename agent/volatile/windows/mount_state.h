// Which volumes a running Windows has, and where they are mounted.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_MOUNT_STATE_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_MOUNT_STATE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "agent/volatile/windows/state_context.h"
#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

// "ro,compressed,quotas" of FILE_... flags of GetVolumeInformation; "rw,..." for one that can be written. Thread-safe.
// https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-getvolumeinformationw
std::string VolumeOptions(uint32_t flags);

// A MountState for each place of each volume, one without a place for a volume that is mounted nowhere; then for each
// letter that stands for something else: a drive of another machine, a folder (subst). A server is never asked, and a
// drive without a medium only whether it has one. At most 1,024 volumes. Letters are those that the agent sees: each
// logon session may have others of its own.
std::vector<v1::VolatileRecord> WindowsMountRecords(const StateContext& context);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_MOUNT_STATE_H_
