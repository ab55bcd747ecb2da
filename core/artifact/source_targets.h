// What one source of a definition means on a system: targets, and reasons for what gives none.
#ifndef HOZEN_CORE_ARTIFACT_SOURCE_TARGETS_H_
#define HOZEN_CORE_ARTIFACT_SOURCE_TARGETS_H_

#include <string>
#include <string_view>
#include <vector>

#include "core/artifact/definitions.h"

namespace hozen {

// What targets are made for.
struct TargetSystem {
  std::string_view os;  // ForensicArtifacts' name
  HostState state = HostState::kRunning;

  bool is_windows() const { return os == "Windows"; }
  bool runs() const { return state == HostState::kRunning; }
};

// ForensicArtifacts' name of a system ("linux" -> "Linux"); empty for one that it does not know.
std::string_view OsOfSystem(std::string_view system);

bool IsForSystem(const ArtifactDefinition& definition, const ArtifactSource& source, std::string_view os);

struct SourceTargets {
  std::vector<v1::Target> targets;  // without the artifact's name
  std::vector<std::string> reasons;
};

// Not of groups.
SourceTargets TargetsOf(const ArtifactDefinition& definition, const ArtifactSource& source, const TargetSystem& system);

std::string JoinPrintable(const std::vector<std::string>& texts, std::string_view separator);

}  // namespace hozen

#endif  // HOZEN_CORE_ARTIFACT_SOURCE_TARGETS_H_
