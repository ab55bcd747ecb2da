// What is mounted, in each namespace of mounts that a process has.
#ifndef HOZEN_AGENT_VOLATILE_LINUX_MOUNT_STATE_H_
#define HOZEN_AGENT_VOLATILE_LINUX_MOUNT_STATE_H_

#include <optional>
#include <string_view>
#include <vector>

#include "agent/volatile/linux/kernel_files.h"
#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

// A line of mountinfo, its octal escapes undone; none where it is not one.
std::optional<v1::MountState> ParseMountLine(std::string_view line);

// At most 65,536 mounts in all; a record says where there were more.
std::vector<v1::VolatileRecord> MountRecords(const KernelFiles& files);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_LINUX_MOUNT_STATE_H_
