// ArtifactDefinitions::Resolve: from names to the targets of a plan.
#include <algorithm>
#include <set>
#include <utility>

#include "core/artifact/definitions.h"
#include "core/artifact/parse_kape.h"
#include "core/artifact/source_targets.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr size_t kMaxGroupDepth = 64;

// One run of Resolve.
class Resolution {
 public:
  // `definitions` must outlive it.
  Resolution(const ArtifactDefinitions& definitions, const TargetSystem& system)
      : definitions_(definitions), system_(system) {}

  absl::Status Add(std::string_view name) {
    const ArtifactDefinition* const definition = definitions_.Find(name);
    if (definition == nullptr) return Unknown(name);
    HOZEN_RETURN_IF_ERROR(Enter(definition->name));
    // Groups share members; each is unfolded once, so that the work is that of reading the definitions once.
    if (done_.insert(definition->name).second) {
      for (const ArtifactSource& source : definition->sources) HOZEN_RETURN_IF_ERROR(AddSource(*definition, source));
    }
    way_.pop_back();
    return absl::OkStatus();
  }

  ResolvedArtifacts Release() && { return std::move(resolved_); }

 private:
  absl::Status Enter(const std::string& name) {
    const auto seen = std::find(way_.begin(), way_.end(), name);
    if (seen != way_.end()) {
      return absl::InvalidArgumentError(Concat(
          "the artifact group contains itself: ", JoinPrintable(std::vector<std::string>(seen, way_.end()), " -> "),
          " -> ", name));
    }
    if (way_.size() == kMaxGroupDepth) {
      return absl::InvalidArgumentError(
          Concat("artifact groups lie more than ", kMaxGroupDepth, " deep in each other, at ", Printable(name)));
    }
    way_.push_back(name);
    return absl::OkStatus();
  }

  absl::Status Unknown(std::string_view name) const {
    if (name == kKapeTriageSet) {
      return absl::NotFoundError(Concat("there is no ", name, " without KAPE's targets; give their folder with ",
                                        "--definitions (KapeFiles/Targets, which has KapeTriage.tkape)"));
    }
    const std::vector<std::string> similar = definitions_.Similar(name);
    return absl::NotFoundError(Concat("there is no artifact \"", Printable(name), "\"",
                                      way_.empty() ? "" : Concat(", which ", way_.back(), " names"),
                                      similar.empty() ? "; `hozen artifacts list` names all"
                                                      : Concat("; did you mean ", JoinPrintable(similar, ", "), "?")));
  }

  absl::Status AddSource(const ArtifactDefinition& definition, const ArtifactSource& source) {
    if (source.type == "ARTIFACT_GROUP" && IsForSystem(definition, source, system_.os)) {
      for (const std::string& reason : source.not_taken) {
        resolved_.not_run.push_back(NotRun{definition.name, source.type, reason});
      }
      for (const std::string& name : source.names) HOZEN_RETURN_IF_ERROR(Add(name));
      return absl::OkStatus();
    }
    SourceTargets found = TargetsOf(definition, source, system_);
    for (std::string& reason : found.reasons) {
      resolved_.not_run.push_back(NotRun{definition.name, source.type, std::move(reason)});
    }
    for (v1::Target& target : found.targets) AddTarget(definition, std::move(target));
    return absl::OkStatus();
  }

  // The first definition that asks for something gives its name to it.
  void AddTarget(const ArtifactDefinition& definition, v1::Target target) {
    if (!seen_.insert(target.SerializeAsString()).second) return;
    target.set_artifact(definition.name);
    resolved_.targets.push_back(std::move(target));
  }

  const ArtifactDefinitions& definitions_;
  const TargetSystem system_;
  ResolvedArtifacts resolved_;
  std::vector<std::string> way_;  // the groups that led here
  std::set<std::string> done_;
  std::set<std::string> seen_;  // targets without their artifact's name
};

}  // namespace

absl::StatusOr<ResolvedArtifacts> ArtifactDefinitions::Resolve(const std::vector<std::string>& names,
                                                               std::string_view system, HostState state) const {
  const std::string_view os = OsOfSystem(system);
  if (os.empty()) {
    return absl::InvalidArgumentError(
        Concat("there are no artifacts for the system \"", Printable(system), "\"; it is linux or windows"));
  }
  Resolution resolution(*this, TargetSystem{os, state});
  for (const std::string& name : names) HOZEN_RETURN_IF_ERROR(resolution.Add(name));
  return std::move(resolution).Release();
}

}  // namespace hozen
