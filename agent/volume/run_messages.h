// Runs in the payloads of the channel.
#ifndef HOZEN_AGENT_VOLUME_RUN_MESSAGES_H_
#define HOZEN_AGENT_VOLUME_RUN_MESSAGES_H_

#include <string>
#include <string_view>

#include "agent/volume/found_runs.h"

namespace hozen {

inline constexpr size_t kMostRunsInMessage = 2000;

// Thread-safe. The Take functions take one from the front; false where there are too few bytes.
void AppendQuery(const RunQuery& query, std::string& payload);
bool TakeQuery(std::string_view& payload, RunQuery& query);
void AppendRun(const FileRun& run, std::string& payload);
void AppendRun(const ByteRange& range, std::string& payload);
bool TakeRun(std::string_view& payload, FileRun& run);
bool TakeRun(std::string_view& payload, ByteRange& range);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_RUN_MESSAGES_H_
