#include "tools/hozen/definition_folders.h"

#include <cstdlib>
#include <system_error>

#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;

bool IsFolder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

absl::Status AddFolder(const fs::path& folder, ArtifactDefinitions& definitions) {
  return WithContext(definitions.AddFolder(folder),
                     Say("definitions cannot be read", "アーティファクト定義を読めません"));
}

}  // namespace

fs::path FindOwnDefinitions(const fs::path& program) {
  if (const char* named = std::getenv("HOZEN_DEFINITIONS"); named != nullptr && *named != '\0') return named;
  std::vector<fs::path> candidates;
  const fs::path inside = fs::path("core") / "artifact" / "definitions";
  candidates.push_back(fs::path(program.native() + ".runfiles") / "hozen" / inside);
  candidates.push_back(program.parent_path().parent_path() / "share" / "hozen" / "definitions");
  for (fs::path above = program.parent_path(); above.has_relative_path(); above = above.parent_path()) {
    candidates.push_back(above / inside);
  }
  for (const fs::path& candidate : candidates) {
    if (IsFolder(candidate)) return candidate;
  }
  return {};
}

absl::StatusOr<ArtifactDefinitions> LoadDefinitions(const std::vector<std::string>& folders) {
  ArtifactDefinitions definitions;
  if (folders.empty()) {
    if (IsFolder(kCommunityDefinitions)) HOZEN_RETURN_IF_ERROR(AddFolder(kCommunityDefinitions, definitions));
  }
  for (const std::string& folder : folders) HOZEN_RETURN_IF_ERROR(AddFolder(folder, definitions));
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error) {
    if (const fs::path own = FindOwnDefinitions(program); !own.empty()) {
      HOZEN_RETURN_IF_ERROR(AddFolder(own, definitions));
    }
  }
  if (definitions.All().empty()) {
    return absl::NotFoundError(
        Concat(Say("no artifact definitions are installed; apt-get install forensic-artifacts, or name a folder with "
                   "--definitions (looked in ",
                   "アーティファクト定義がありません。apt-get install forensic-artifacts を実行するか、--definitions で"
                   "フォルダを指定してください（探した場所: "),
               kCommunityDefinitions, Say(")", "）")));
  }
  return definitions;
}

}  // namespace hozen
