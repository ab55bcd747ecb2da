#include <unistd.h>

#include "agent/app/reader_program.h"
#include "core/base/concat.h"
#include "core/base/printable.h"

namespace hozen {

absl::StatusOr<std::filesystem::path> FindReaderProgram(const std::filesystem::path& own) {
  const std::filesystem::path folder = own.parent_path();
  // Beside the agent, or where packages put programs that nobody calls by name.
  const std::filesystem::path places[] = {folder / "hozen-volume-reader",
                                          folder.parent_path() / "libexec/hozen/hozen-volume-reader"};
  for (const std::filesystem::path& place : places) {
    if (access(place.c_str(), X_OK) == 0) return place;
  }
  return absl::NotFoundError(Concat("neither ", Printable(places[0].string()), " nor ", Printable(places[1].string()),
                                    " is there; install it with the agent"));
}

std::optional<int> RunAsReader(const std::vector<std::string>& /*words*/) { return std::nullopt; }

}  // namespace hozen
