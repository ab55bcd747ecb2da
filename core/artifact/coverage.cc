#include "core/artifact/coverage.h"

#include <utility>

#include "core/artifact/source_targets.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"
#include "core/plan/allowed_commands.h"

namespace hozen {
namespace {

SourceCoverage::State StateOf(size_t good, size_t bad) {
  if (bad == 0) return SourceCoverage::State::kRuns;
  return good == 0 ? SourceCoverage::State::kDoesNotRun : SourceCoverage::State::kRunsPartly;
}

void CoverGroup(const ArtifactDefinitions& definitions, const ArtifactSource& source, std::string_view system,
                SourceCoverage& covered) {
  covered.reasons = source.not_taken;
  size_t good = 0;
  for (const std::string& name : source.names) {
    // Whatever is wrong below a member is wrong with this group too.
    const absl::Status status = definitions.Resolve({name}, system).status();
    if (status.ok()) {
      ++good;
    } else {
      covered.reasons.push_back(std::string(status.message()));
    }
  }
  covered.state = StateOf(good, covered.reasons.size());
}

void CoverTargets(const ArtifactDefinition& definition, const ArtifactSource& source, const TargetSystem& system,
                  SourceCoverage& covered) {
  SourceTargets found = TargetsOf(definition, source, system);
  covered.reasons = std::move(found.reasons);
  size_t good = 0;
  for (const v1::Target& target : found.targets) {
    if (!target.has_command() || IsAllowedCommand(target.command())) {
      ++good;
    } else {
      covered.reasons.push_back(
          Concat(Printable(target.command().command()), " is not on the fixed list of commands that agents run"));
    }
  }
  covered.state = StateOf(good, covered.reasons.size());
}

}  // namespace

absl::StatusOr<std::vector<SourceCoverage>> Coverage(const ArtifactDefinitions& definitions, std::string_view system,
                                                     HostState state) {
  // Says what is wrong with an unknown one.
  HOZEN_RETURN_IF_ERROR(definitions.Resolve({}, system).status());
  const std::string_view os = OsOfSystem(system);
  std::vector<SourceCoverage> all;
  for (const ArtifactDefinition* definition : definitions.All()) {
    for (const ArtifactSource& source : definition->sources) {
      SourceCoverage& covered = all.emplace_back();
      covered.artifact = definition->name;
      covered.type = source.type;
      if (!IsForSystem(*definition, source, os)) {
        covered.state = SourceCoverage::State::kOtherSystem;
      } else if (source.type == "ARTIFACT_GROUP") {
        CoverGroup(definitions, source, system, covered);
      } else {
        CoverTargets(*definition, source, TargetSystem{os, state}, covered);
      }
    }
  }
  return all;
}

}  // namespace hozen
