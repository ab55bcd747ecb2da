// Which processes a running Windows has, and in which order they are told.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_PROCESS_PROCESS_LIST_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_PROCESS_PROCESS_LIST_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/volatile/windows/kernel_answers.h"

namespace hozen {

struct RunningProcess {
  uint32_t pid = 0;
  uint32_t parent_pid = 0;  // who made it; the number may be another's by now
  uint32_t depth = 0;       // set by InFamilyOrder
  std::string name;         // WTF-8
  uint64_t created = 0;     // 100 ns since 1601, UTC; 0: not known
  uint32_t session = 0;
  uint32_t threads = 0;
  bool suspended = false;  // none of its threads may run
  uint64_t resident_bytes = 0;
  uint64_t virtual_bytes = 0;
};

// All are thread-safe.

// Of an answer to NtQuerySystemInformation(SystemProcessInformation), of 64 bits; entries up to the first that is
// damaged. Layout: winternl.h's SYSTEM_PROCESS_INFORMATION has part of it, Windows Internals the rest.
std::vector<RunningProcess> ParseProcessInformation(const Answer& answer);

// What the kernel lists now, in its order; by a Toolhelp snapshot, which knows less, where it does not answer
// otherwise.
absl::StatusOr<std::vector<RunningProcess>> ListRunningProcesses();

// Parents before children, depth first, each once, tops and siblings by when they began. Numbers are used again, so a
// parent counts as one only where it began before its child; a process without one stands at the top.
std::vector<RunningProcess> InFamilyOrder(std::vector<RunningProcess> processes);

// Names by pid.
std::map<uint32_t, std::string> NamesOf(const std::vector<RunningProcess>& processes);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_PROCESS_PROCESS_LIST_H_
