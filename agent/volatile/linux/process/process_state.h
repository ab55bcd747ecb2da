// Every process that /proc shows, with all that the kernel tells of it.
#ifndef HOZEN_AGENT_VOLATILE_LINUX_PROCESS_PROCESS_STATE_H_
#define HOZEN_AGENT_VOLATILE_LINUX_PROCESS_PROCESS_STATE_H_

#include <cstdint>

#include "agent/volatile/linux/kernel_files.h"
#include "agent/volatile/linux/process/executables.h"
#include "agent/volatile/linux/process_list.h"
#include "agent/volatile/record_source.h"
#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

// What turns a process's clock into UTC.
struct ProcessClock {
  int64_t booted_unix_ns = 0;  // 0: not known, and no start is told
  int64_t ticks_per_s = 100;
};

// One process. What it has not got, and what could not be had, is in `missing`; `vanished` where it ended meanwhile or
// its number is another process's now. Thread-compatible.
v1::ProcessState DescribeProcess(const ListedProcess& listed, const ProcessClock& clock, const KernelFiles& files,
                                 Executables& executables);

// All, parents first. Executables without a name are held in `executables`, those of all processes before the first
// record is made. Both must outlive what is returned.
NextRecord ProcessRecords(const KernelFiles& files, Executables& executables);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_LINUX_PROCESS_PROCESS_STATE_H_
