// ArtifactDefinitions::AddFolder: files of a folder -> definitions.
#include <algorithm>
#include <system_error>
#include <utility>

#include "core/artifact/definitions.h"
#include "core/artifact/parse_kape.h"
#include "core/artifact/yaml_walk.h"
#include "core/base/concat.h"
#include "core/base/file.h"
#include "core/base/path_text.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxFiles = 10'000;
constexpr int kMaxFolderDepth = 8;
// KAPE passes over what lies in it.
constexpr std::string_view kDisabledFolder = "!Disabled";

struct DefinitionFiles {
  std::vector<fs::path> yaml;
  std::vector<fs::path> kape;
};

absl::StatusOr<DefinitionFiles> FilesOf(const fs::path& folder) {
  std::error_code error;
  DefinitionFiles files;
  fs::recursive_directory_iterator entries(folder, error), end;
  for (; !error && entries != end; entries.increment(error)) {
    const fs::path& path = entries->path();
    std::error_code unknown;
    if (entries->is_directory(unknown)) {
      if (entries.depth() >= kMaxFolderDepth || path.filename() == kDisabledFolder) entries.disable_recursion_pending();
    } else if (path.extension() == ".yaml" && entries.depth() == 0) {
      files.yaml.push_back(path);
    } else if (path.extension() == ".tkape") {
      files.kape.push_back(path);
    }
    if (files.yaml.size() + files.kape.size() > kMaxFiles) {
      return absl::ResourceExhaustedError(
          Concat("there are more than ", kMaxFiles, " definitions below ", Printable(PathText(folder))));
    }
  }
  if (error) return ErrnoStatus(error.value(), Concat("cannot read the definitions in ", Printable(PathText(folder))));
  std::sort(files.yaml.begin(), files.yaml.end());
  std::sort(files.kape.begin(), files.kape.end());
  return files;
}

}  // namespace

absl::Status ArtifactDefinitions::AddFolder(const fs::path& folder) {
  HOZEN_ASSIGN_OR_RETURN(const DefinitionFiles files, FilesOf(folder));
  if (files.yaml.empty() && files.kape.empty()) {
    return absl::NotFoundError(Concat("there are no .yaml and no .tkape files in ", Printable(PathText(folder)),
                                      "; Debian's definitions are in the package forensic-artifacts"));
  }
  for (const fs::path& file : files.yaml) {
    HOZEN_ASSIGN_OR_RETURN(const std::string yaml, ReadWholeFile(file, kMaxDefinitionsFileSizeBytes));
    HOZEN_RETURN_IF_ERROR(AddYaml(yaml, PathText(file)));
  }
  std::vector<KapeTarget> targets;
  for (const fs::path& file : files.kape) {
    HOZEN_ASSIGN_OR_RETURN(const std::string yaml, ReadWholeFile(file, kMaxDefinitionsFileSizeBytes));
    HOZEN_ASSIGN_OR_RETURN(KapeTarget target, ParseKapeTarget(yaml, file));
    targets.push_back(std::move(target));
  }
  return Add(LinkKapeTargets(std::move(targets)));
}

absl::StatusOr<ArtifactDefinitions> ArtifactDefinitions::LoadFolder(const fs::path& folder) {
  ArtifactDefinitions definitions;
  HOZEN_RETURN_IF_ERROR(definitions.AddFolder(folder));
  return definitions;
}

}  // namespace hozen
