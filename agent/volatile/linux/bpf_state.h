// eBPF: programs, maps, links, and what is pinned.
#ifndef HOZEN_AGENT_VOLATILE_LINUX_BPF_STATE_H_
#define HOZEN_AGENT_VOLATILE_LINUX_BPF_STATE_H_

#include <vector>

#include "agent/volatile/linux/kernel_files.h"
#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

// At most 16,384 of each kind and 16,384 pins, 16 folders deep; what is more, or may not be asked for, is a record.
std::vector<v1::VolatileRecord> BpfRecords(const KernelFiles& files);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_LINUX_BPF_STATE_H_
