// One YAML file of ForensicArtifacts definitions -> values. Only core/artifact uses it.
#ifndef HOZEN_CORE_ARTIFACT_PARSE_DEFINITIONS_H_
#define HOZEN_CORE_ARTIFACT_PARSE_DEFINITIONS_H_

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/artifact/definitions.h"

namespace hozen {

// The definitions of all documents in `yaml`, in their order; `origin` is written into each. Work and memory are
// bounded whatever the text says: its aliases count as often as they are used. InvalidArgument says which definition is
// wrong and how. Thread-safe.
absl::StatusOr<std::vector<ArtifactDefinition>> ParseDefinitions(std::string_view yaml, std::string_view origin);

}  // namespace hozen

#endif  // HOZEN_CORE_ARTIFACT_PARSE_DEFINITIONS_H_
