// What is hooked into the kernel by its own means: ftrace, kprobes, uprobes.
#ifndef HOZEN_AGENT_VOLATILE_LINUX_TRACING_STATE_H_
#define HOZEN_AGENT_VOLATILE_LINUX_TRACING_STATE_H_

#include <vector>

#include "agent/volatile/linux/kernel_files.h"
#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

// A record for each line of tracefs's and debugfs's lists, where they are mounted: nothing is mounted for it. At most
// 65,536 lines; a record says where there were more, and one what is not there to be read.
std::vector<v1::VolatileRecord> TracingRecords(const KernelFiles& files);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_LINUX_TRACING_STATE_H_
