// Named pipes, by the listing of their file system.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_NETWORK_PIPE_STATE_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_NETWORK_PIPE_STATE_H_

#include <string_view>
#include <vector>

#include "agent/volatile/windows/state_context.h"
#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

// At most 65,536. No pipe is opened: that would be a client of it. Thread-safe.
std::vector<v1::VolatileRecord> PipeRecords(const StateContext& context);

// Pure: one answer of the listing, FILE_DIRECTORY_INFORMATION
// (https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/ntifs/ns-ntifs-_file_directory_information), in which
// the file system of pipes says how many instances there are and may be where others say sizes. What does not fit into
// `bytes` ends it.
std::vector<v1::NamedPipe> ParsePipeListing(std::string_view bytes);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_NETWORK_PIPE_STATE_H_
