// What is loaded into the kernel of a running Windows.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_PROCESS_DRIVER_STATE_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_PROCESS_DRIVER_STATE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/volatile/record_source.h"
#include "agent/volatile/windows/state_context.h"

namespace hozen {

struct LoadedDriver {
  uint64_t address = 0;  // 0 where the system does not tell it to us
  uint64_t size_bytes = 0;
  uint32_t references = 0;
  std::string path;  // as the kernel has it, in the code page of the system: "\SystemRoot\system32\x.sys"
};

// Of an answer to NtQuerySystemInformation(SystemModuleInformation), of 64 bits; as many as are really there.
// Thread-safe. Layout: RTL_PROCESS_MODULES, which EnumDeviceDrivers is made of; Windows Internals.
std::vector<LoadedDriver> ParseModuleInformation(std::string_view bytes);

// All, in the order in which they were loaded, each with its file's hash and signature; behind each whose file could
// not be read a record says why. The list is that of the moment of this call, the files are read later: `context` must
// outlive what is returned.
NextRecord DriverRecords(const StateContext& context);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_PROCESS_DRIVER_STATE_H_
