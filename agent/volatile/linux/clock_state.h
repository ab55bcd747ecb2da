// When it is, since when the host runs, and which kernel it is.
#ifndef HOZEN_AGENT_VOLATILE_LINUX_CLOCK_STATE_H_
#define HOZEN_AGENT_VOLATILE_LINUX_CLOCK_STATE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "agent/volatile/linux/kernel_files.h"
#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

// One record with a ClockState; a record for each of its sources that could not be read. How far the collector's clock
// is away is its caller's to know.
std::vector<v1::VolatileRecord> ClockRecords(const KernelFiles& files,
                                             std::optional<int64_t> collector_offset_ns = std::nullopt);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_LINUX_CLOCK_STATE_H_
