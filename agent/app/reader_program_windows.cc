#include "agent/app/reader_program.h"
#include "agent/volume/volume_reader_main.h"

namespace hozen {

absl::StatusOr<std::filesystem::path> FindReaderProgram(const std::filesystem::path& own) { return own; }

std::optional<int> RunAsReader(const std::vector<std::string>& words) {
  if (words.empty() || words.front() != "volume-reader") return std::nullopt;
  return VolumeReaderMain();
}

}  // namespace hozen
