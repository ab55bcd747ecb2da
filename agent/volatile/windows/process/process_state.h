// Every process of a running Windows, with all that the system tells of it.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_PROCESS_PROCESS_STATE_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_PROCESS_PROCESS_STATE_H_

#include <memory>

#include "agent/volatile/record_source.h"
#include "agent/volatile/windows/device_paths.h"
#include "agent/volatile/windows/process/process_handles.h"
#include "agent/volatile/windows/process/process_list.h"
#include "agent/volatile/windows/process/process_token.h"
#include "agent/volatile/windows/process/program_files.h"
#include "agent/volatile/windows/state_context.h"
#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

// What is asked once for all processes. Thread-compatible; `context` must outlive it.
struct ProcessSurroundings {
  explicit ProcessSurroundings(const StateContext& context) : paths(DevicePaths::Read()), files(context) {}

  const DevicePaths paths;
  ProgramFiles files;
  AccountNames accounts;
  std::unique_ptr<ProcessHandles> handles;  // null: the table could not be had
};

// One process. What it has not got, and what could not be had, is in `missing`; `vanished` where it ended meanwhile or
// its number is another process's now. Nothing in the process is changed: no thread is started there and none is held.
v1::ProcessState DescribeRunningProcess(const RunningProcess& listed, ProcessSurroundings& around);

// All, parents first. The processes are those of the moment of this call. `context` must outlive what is returned.
NextRecord WindowsProcessRecords(const StateContext& context);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_PROCESS_PROCESS_STATE_H_
