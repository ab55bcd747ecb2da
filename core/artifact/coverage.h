// How much of all definitions a plan can ask of a host: what becomes a target, and for each source that does not, why.
#ifndef HOZEN_CORE_ARTIFACT_COVERAGE_H_
#define HOZEN_CORE_ARTIFACT_COVERAGE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/artifact/definitions.h"

namespace hozen {

struct SourceCoverage {
  enum class State {
    kRuns,         // all that it names
    kRunsPartly,   // some of it; `reasons` for the rest
    kDoesNotRun,   // nothing
    kOtherSystem,  // it is not meant for this one
  };
  std::string artifact;
  std::string type;
  State state = State::kDoesNotRun;
  std::vector<std::string> reasons;
};

// Each source of each definition, in the order of names. A group runs where its members are known and none contains it.
// InvalidArgument for an unknown system. `state` as for Resolve.
absl::StatusOr<std::vector<SourceCoverage>> Coverage(const ArtifactDefinitions& definitions, std::string_view system,
                                                     HostState state = HostState::kRunning);

}  // namespace hozen

#endif  // HOZEN_CORE_ARTIFACT_COVERAGE_H_
