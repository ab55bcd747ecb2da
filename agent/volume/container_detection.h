// Telling what kind of file holds a disk, by fixed marks alone: nothing of a stranger's is parsed in the agent.
#ifndef HOZEN_AGENT_VOLUME_CONTAINER_DETECTION_H_
#define HOZEN_AGENT_VOLUME_CONTAINER_DETECTION_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "agent/volume/container_kind.h"

namespace hozen {

inline constexpr uint64_t kDetectionHeadBytes = 512;
inline constexpr uint64_t kDetectionTailBytes = 512;

// `head` and `tail` are the first and last bytes of a regular file, or all that it has. kPlain where no mark is known.
// InvalidArgument for containers that are known and not read (VHDX, VDI, Ex01, logical evidence, ...): their bytes as
// they are would not be what was asked for, so a plan has to say that it wants them. Never kSplit; of a VMDK's
// descriptor kVmdkFlat, because only names tell which extents it has. Thread-safe.
absl::StatusOr<ContainerKind> DetectContainer(std::string_view head, std::string_view tail);

// The name of part `number`, from 1, of a set whose first is `first`; empty where the name is not that of a first part
// or there are no more names. Of kEwf: x.E01 .. x.E99, x.EAA .. x.ZZZ, in the case of the first; of kSplit: x.001 ..
// x.999; of the VMDKs with a descriptor, those that VMware gives. Thread-safe.
std::string PartName(ContainerKind kind, const std::string& first, uint32_t number);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_CONTAINER_DETECTION_H_
