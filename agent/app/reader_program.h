// The program that looks at disks for the agent, in a sandbox. Where programs are made of shared libraries it is one of
// its own, so that no process of the agent but that child ever maps libtsk and the libraries of containers, nor spends
// memory on them; where an agent is one static file it is the agent itself.
#ifndef HOZEN_AGENT_APP_READER_PROGRAM_H_
#define HOZEN_AGENT_APP_READER_PROGRAM_H_

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace hozen {

// Which it is; `own` is the absolute path of the agent's. NotFound with what to do where it was not installed.
absl::StatusOr<std::filesystem::path> FindReaderProgram(const std::filesystem::path& own);

// Where this process was started as a volume reader, with these words behind its name: does its work, and gives its
// exit status.
std::optional<int> RunAsReader(const std::vector<std::string>& words);

}  // namespace hozen

#endif  // HOZEN_AGENT_APP_READER_PROGRAM_H_
