// Modules of the kernel by both of the lists that it gives, so that one that hides in one of them is seen.
#ifndef HOZEN_AGENT_VOLATILE_LINUX_MODULE_STATE_H_
#define HOZEN_AGENT_VOLATILE_LINUX_MODULE_STATE_H_

#include <optional>
#include <string_view>
#include <vector>

#include "agent/volatile/linux/kernel_files.h"
#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

// A line of /proc/modules; none where it is not one.
std::optional<v1::KernelModule> ParseModuleLine(std::string_view line);

// /proc/modules and /sys/module (whose entries with `initstate` are modules that were loaded; the others are parts of
// the kernel). Both are read twice where they differ, because modules come and go. Without /proc/modules the kernel
// cannot load any: a record says so (CAUSE_NOT_SUPPORTED), unless /sys/module knows better.
std::vector<v1::VolatileRecord> ModuleRecords(const KernelFiles& files);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_LINUX_MODULE_STATE_H_
