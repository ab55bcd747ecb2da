// Processes that answer although /proc does not list them: what a rootkit leaves that hides names in a listing.
#ifndef HOZEN_AGENT_VOLATILE_LINUX_PROCESS_HIDDEN_PROCESSES_H_
#define HOZEN_AGENT_VOLATILE_LINUX_PROCESS_HIDDEN_PROCESSES_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "agent/volatile/linux/kernel_files.h"
#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

struct HiddenProcessOptions {
  absl::Duration most_time = absl::Seconds(60);
  std::function<absl::Time()> now;
  std::function<bool()> keep_on;  // asked now and then; false ends it early
  // As ProbeProcess.
  std::function<std::vector<std::string>(int32_t pid)> probe;
};

// Asks for each number up to pid_max that is neither a process nor a thread by /proc's listings. What answers is asked
// again after the listings were read again, so that what started or ended meanwhile is not called hidden. Threads of
// processes that are shown are none, whatever answers for them. The last records say what could not be asked: numbers
// behind the time limit (CAUSE_TIMED_OUT), everything where /proc itself hides the processes of others (hidepid).
std::vector<v1::VolatileRecord> FindHiddenProcesses(const KernelFiles& files, const HiddenProcessOptions& options);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_LINUX_PROCESS_HIDDEN_PROCESSES_H_
