// Giving up everything that a parser of hostile bytes does not need.
#ifndef HOZEN_AGENT_PLATFORM_SANDBOX_H_
#define HOZEN_AGENT_PLATFORM_SANDBOX_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"

namespace hozen {

struct SandboxOptions {
  std::vector<int> kept_descriptors;  // all others are closed
  uint64_t memory_bytes = uint64_t{1} << 30;
  uint64_t cpu_seconds = 1800;
};

// For a process of one thread, once, before it looks at what it must not trust. Afterwards it can read and write the
// descriptors that it keeps, ask for memory and the time, and exit: no file can be opened, no socket made, no program
// started. On Linux any other system call kills it; it is nobody (where it was root), in namespaces without network and
// with nothing mounted that it could reach (where the kernel lets it). On Windows its token opens nothing. It stays
// within its memory and CPU time. An error means that it is not safe to go on.
absl::Status EnterSandbox(const SandboxOptions& options);

// For the C library of this process: local time is UTC, on every host alike. Before EnterSandbox, because afterwards it
// could not look for zones.
void UseUtc();

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_SANDBOX_H_
