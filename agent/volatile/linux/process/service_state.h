// Which units of systemd run, and which processes are whose: by the control groups that the kernel keeps them in, and
// the links that systemd leaves below /run. systemd itself is not asked.
#ifndef HOZEN_AGENT_VOLATILE_LINUX_PROCESS_SERVICE_STATE_H_
#define HOZEN_AGENT_VOLATILE_LINUX_PROCESS_SERVICE_STATE_H_

#include <optional>
#include <string>
#include <string_view>

#include "agent/volatile/linux/kernel_files.h"
#include "agent/volatile/record_source.h"

namespace hozen {

struct UnitOfProcess {
  std::string unit;           // in printable form, as the control group is
  std::string control_group;  // the unit's own, without what lies below it
};
// Of a line of /proc/PID/cgroup in printable form; none for a group that is no unit's (slices, other hierarchies), and
// of units in units the innermost. Thread-safe.
std::optional<UnitOfProcess> UnitOf(std::string_view cgroup_line);

// The records of `processes` as they are, and behind them one for each unit, by its name. `files` must outlive it.
NextRecord WithServices(NextRecord processes, const KernelFiles& files);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_LINUX_PROCESS_SERVICE_STATE_H_
