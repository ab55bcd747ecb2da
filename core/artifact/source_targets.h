// What one source of a definition means on a system: targets, and reasons for what gives none.
#ifndef HOZEN_CORE_ARTIFACT_SOURCE_TARGETS_H_
#define HOZEN_CORE_ARTIFACT_SOURCE_TARGETS_H_

#include <string>
#include <string_view>
#include <vector>

#include "core/artifact/definitions.h"

namespace hozen {

// ForensicArtifacts' name of a system ("linux" -> "Linux"); empty for one that it does not know.
std::string_view OsOfSystem(std::string_view system);

bool IsForSystem(const ArtifactDefinition& definition, const ArtifactSource& source, std::string_view os);

struct SourceTargets {
  std::vector<v1::Target> targets;  // without the artifact's name
  std::vector<std::string> reasons;
};

// Not of groups. `os` is ForensicArtifacts' name.
SourceTargets TargetsOf(const ArtifactDefinition& definition, const ArtifactSource& source, std::string_view os);

std::string JoinPrintable(const std::vector<std::string>& texts, std::string_view separator);

}  // namespace hozen

#endif  // HOZEN_CORE_ARTIFACT_SOURCE_TARGETS_H_
