// What this process uses, for heartbeats and for keeping a plan's CPU limit.
#ifndef HOZEN_AGENT_PLATFORM_RESOURCE_USAGE_H_
#define HOZEN_AGENT_PLATFORM_RESOURCE_USAGE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace hozen {

struct ResourceUsage {
  uint64_t resident_bytes = 0;
  uint64_t cpu_ns = 0;  // user and system, all threads and the children waited for, since the process started
};

// Thread-safe and cheap (a few microseconds).
ResourceUsage ReadResourceUsage();

// What an unprivileged writer could still write to the file system that holds `path`. Errors as ErrnoStatus.
absl::StatusOr<uint64_t> FreeBytes(const std::string& path);

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_RESOURCE_USAGE_H_
