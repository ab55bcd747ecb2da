// When it is, since when this Windows runs, and which Windows it is.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_CLOCK_STATE_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_CLOCK_STATE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "agent/volatile/windows/state_context.h"
#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

// Names of what CodeIntegrityOptions says that weakens the kernel, or is worth knowing: "test_signing", "debug_mode".
// Thread-safe. https://learn.microsoft.com/windows/win32/api/winternl/nf-winternl-ntquerysysteminformation
// (SYSTEM_CODEINTEGRITY_INFORMATION)
std::vector<std::string> CodeIntegrityNames(uint32_t options);

// One record with a ClockState; a record for each thing that could not be had. `boot_id` is the number of the boot
// since Windows was installed; `taint` are the options of code integrity.
std::vector<v1::VolatileRecord> WindowsClockRecords(const StateContext& context);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_CLOCK_STATE_H_
