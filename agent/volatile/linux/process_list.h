// Which processes /proc shows, and what several kinds of state ask of all of them.
#ifndef HOZEN_AGENT_VOLATILE_LINUX_PROCESS_LIST_H_
#define HOZEN_AGENT_VOLATILE_LINUX_PROCESS_LIST_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/volatile/linux/kernel_files.h"
#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

std::string ProcPath(int32_t pid, std::string_view name);

// The pids in /proc's listing, ascending.
absl::StatusOr<std::vector<int32_t>> ListPids(const KernelFiles& files);

struct ListedProcess {
  int32_t pid = 0;
  int32_t parent_pid = 0;
  uint32_t depth = 0;
};
// Parents before children, depth first, each once; a process whose parent is not in the list, or is its own
// descendant, stands at the top.
std::vector<ListedProcess> InTreeOrder(const std::map<int32_t, int32_t>& parent_of);
// The same of what /proc shows; a process that is gone before it told its parent stands at the top.
absl::StatusOr<std::vector<ListedProcess>> ListProcessTree(const KernelFiles& files);

// One process in each namespace of the kind "net", "mnt", ..., by the namespace's inode; a process of the lowest pid.
// At most 1,024 namespaces. Processes whose namespaces cannot be read are left out and counted in `unread`.
std::map<uint64_t, int32_t> OneProcessInEach(const KernelFiles& files, std::string_view kind, uint64_t& unread);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_LINUX_PROCESS_LIST_H_
