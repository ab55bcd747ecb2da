// KAPE targets (.tkape, https://ericzimmerman.github.io/KapeDocs) -> definitions. A target becomes a definition that
// has its file's name; what it names becomes FILE sources of Windows, the targets that it is put together from become
// its group. How each field is read: docs/formats/kape.md.
#ifndef HOZEN_CORE_ARTIFACT_PARSE_KAPE_H_
#define HOZEN_CORE_ARTIFACT_PARSE_KAPE_H_

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/artifact/definitions.h"

namespace hozen {

// The set that is KAPE's own first look, KapeTriage.tkape, where its targets are given.
inline constexpr std::string_view kKapeTriageSet = "@kape-triage";

struct KapeTarget {
  ArtifactDefinition definition;
  std::string folder;                       // the name of the folder that it stands in
  std::vector<std::string> member_files;    // names of targets, without .tkape
  std::vector<std::string> member_folders;  // all targets of these
};

// One file's text. Work and memory are bounded as those of ParseDefinitions. InvalidArgument says what is wrong.
absl::StatusOr<KapeTarget> ParseKapeTarget(std::string_view yaml, const std::filesystem::path& file);

// KapeTriage becomes kKapeTriageSet too. Members are found by their files' names, whatever their case, as on Windows;
// one that is not among `targets` keeps the name that it was called by. In the order of `targets`.
std::vector<ArtifactDefinition> LinkKapeTargets(std::vector<KapeTarget> targets);

}  // namespace hozen

#endif  // HOZEN_CORE_ARTIFACT_PARSE_KAPE_H_
