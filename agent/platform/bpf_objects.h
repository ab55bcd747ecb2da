// Programs, maps and links of eBPF, as the kernel lists them.
#ifndef HOZEN_AGENT_PLATFORM_BPF_OBJECTS_H_
#define HOZEN_AGENT_PLATFORM_BPF_OBJECTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

enum class BpfKind { kProgram, kMap, kLink };

// All are thread-safe; errors are ErrnoStatus. EPERM: it takes CAP_SYS_ADMIN; ENOSYS or EINVAL: this kernel cannot
// tell.

// Ascending; at most `most`.
absl::StatusOr<std::vector<uint32_t>> ListBpfIds(BpfKind kind, size_t most);

// ENOENT where it is gone.
absl::StatusOr<v1::BpfProgram> DescribeBpfProgram(uint32_t id);
absl::StatusOr<v1::BpfMap> DescribeBpfMap(uint32_t id);
absl::StatusOr<v1::BpfLink> DescribeBpfLink(uint32_t id);

// What a file of bpffs stands for.
absl::StatusOr<v1::BpfPin> DescribeBpfPin(const std::string& path);

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_BPF_OBJECTS_H_
