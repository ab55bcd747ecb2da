// Asking the kernel whether a process is there, in ways that do not go through a listing of /proc.
#ifndef HOZEN_AGENT_PLATFORM_PROCESS_PROBE_H_
#define HOZEN_AGENT_PLATFORM_PROCESS_PROBE_H_

#include <cstdint>
#include <string>
#include <vector>

namespace hozen {

// Thread-safe. The calls by whose answer a process or a thread with this number exists: "kill" (signal 0, which does
// nothing), "sched_getaffinity", "getpgid"; empty where all say that there is none.
std::vector<std::string> ProbeProcess(int32_t pid);

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_PROCESS_PROBE_H_
