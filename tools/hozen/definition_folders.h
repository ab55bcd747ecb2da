// Where artifact definitions are looked for, and loading them.
#ifndef HOZEN_TOOLS_HOZEN_DEFINITION_FOLDERS_H_
#define HOZEN_TOOLS_HOZEN_DEFINITION_FOLDERS_H_

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/artifact/definitions.h"

namespace hozen {

// Where Debian's forensic-artifacts package puts the community's definitions.
inline constexpr const char* kCommunityDefinitions = "/usr/share/artifacts";

// Our own definitions: HOZEN_DEFINITIONS where it is set, else the first that is there of: the program's runfiles,
// ../share/hozen/definitions beside it, core/artifact/definitions in a folder above it (a source checkout). Empty where
// there is none.
std::filesystem::path FindOwnDefinitions(const std::filesystem::path& program);

// All definitions of `folders` (kCommunityDefinitions where empty and installed), then our own. InvalidArgument where a
// file is malformed or a name is there twice; NotFound for a folder that was asked for and is not there, or where there
// is nothing at all.
absl::StatusOr<ArtifactDefinitions> LoadDefinitions(const std::vector<std::string>& folders);

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_DEFINITION_FOLDERS_H_
