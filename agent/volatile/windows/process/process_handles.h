// What processes have open: every handle of every process, with its kind, its rights and its name.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_PROCESS_PROCESS_HANDLES_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_PROCESS_PROCESS_HANDLES_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/volatile/windows/kernel_answers.h"
#include "agent/volatile/windows/process/handle_names.h"
#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

struct OpenHandle {
  uint32_t pid = 0;
  uint32_t value = 0;
  uint32_t access = 0;
  uint32_t type_index = 0;
};

// Of an answer to NtQuerySystemInformation(SystemExtendedHandleInformation), of 64 bits; as many as are really there.
// Thread-safe. Layout: SYSTEM_HANDLE_TABLE_ENTRY_INFO_EX, Windows Internals.
std::vector<OpenHandle> ParseHandleInformation(const Answer& answer);

// Thread-compatible.
class ProcessHandles {
 public:
  // Asks for the table of all handles, at most 192 MiB of it. `paths` must outlive it.
  static absl::StatusOr<std::unique_ptr<ProcessHandles>> Create(const DevicePaths& paths);

  struct Described {
    std::vector<v1::Descriptor> descriptors;  // at most 4,096, in the table's order
    uint64_t handles = 0;                     // all that it has
    uint64_t unnamed = 0;                     // whose name could not be asked for
    absl::Status first_unnamed;
  };
  // Of one process, which is open with the right to duplicate its handles; without that (`process` null) numbers and
  // rights are told, and kinds where another process has shown what they are.
  Described Describe(uint32_t pid, void* process);

 private:
  ProcessHandles(std::vector<OpenHandle> handles, const DevicePaths& paths);

  std::map<uint32_t, std::vector<OpenHandle>> by_pid_;
  std::map<uint32_t, std::string> types_;  // by their index
  HandleNames names_;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_PROCESS_PROCESS_HANDLES_H_
