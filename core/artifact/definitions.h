// ForensicArtifacts definitions (https://artifacts.readthedocs.io) -> the targets of a plan. Used where plans are made;
// agents never see YAML.
#ifndef HOZEN_CORE_ARTIFACT_DEFINITIONS_H_
#define HOZEN_CORE_ARTIFACT_DEFINITIONS_H_

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/hozen/v1/plan.pb.h"

namespace hozen {

struct ArtifactSource {
  struct RegistryValue {
    std::string key;
    std::string value;  // its name; empty: the key's unnamed value
  };
  std::string type;  // FILE, PATH, COMMAND, ARTIFACT_GROUP, REGISTRY_KEY, ...
  std::vector<std::string> supported_os;
  std::vector<std::string> paths;  // FILE, PATH, HOZEN_LISTING
  std::string separator = "/";
  std::vector<std::string> names;  // ARTIFACT_GROUP
  std::string command;             // COMMAND
  std::vector<std::string> arguments;
  std::string query;                   // WMI
  std::string name_space;              // WMI, without "winmgmts:\"; empty: root\cimv2
  std::vector<std::string> kinds;      // HOZEN_STATE, which is ours: kinds of volatile state
  std::vector<std::string> keys;       // REGISTRY_KEY
  std::vector<RegistryValue> values;   // REGISTRY_VALUE
  std::vector<std::string> not_taken;  // what a format that is not ours says and a plan cannot, in words
};

struct ArtifactDefinition {
  std::string name;
  std::vector<std::string> aliases;
  std::string doc;
  std::vector<std::string> supported_os;
  std::vector<std::string> urls;
  std::vector<ArtifactSource> sources;
  std::string origin;  // file it came from
};

// What a plan looks at.
enum class HostState {
  kRunning,
  kOffline,  // a disk that does not run
};

// A source that will not run, and why.
struct NotRun {
  std::string artifact;
  std::string source_type;
  std::string reason;
};

struct ResolvedArtifacts {
  std::vector<v1::Target> targets;
  std::vector<NotRun> not_run;
};

// Thread-safe once loaded.
class ArtifactDefinitions {
 public:
  // Every .yaml of a folder, in the order of their names, and every KAPE target (.tkape) in it and below it.
  // InvalidArgument names file, definition and what is wrong: not YAML, no name, twice the same name, an alias bomb, a
  // source without its attributes. NotFound where there is no such folder or neither in it, ResourceExhausted for a
  // file over 1 MiB or too many files. Where it fails, some files may have been added.
  absl::Status AddFolder(const std::filesystem::path& folder);
  static absl::StatusOr<ArtifactDefinitions> LoadFolder(const std::filesystem::path& folder);
  // One file's text, added to what is there, all of it or nothing; `origin` names it in errors.
  absl::Status AddYaml(std::string_view yaml, std::string_view origin);
  // Definitions that are parsed already, all or none; InvalidArgument for a name that is taken.
  absl::Status Add(std::vector<ArtifactDefinition> added);

  // By name or alias; nullptr where unknown.
  const ArtifactDefinition* Find(std::string_view name) const;
  // By name, sorted.
  std::vector<const ArtifactDefinition*> All() const;
  // Names that look like `name`, for "did you mean"; at most 5.
  std::vector<std::string> Similar(std::string_view name) const;

  // What collecting these from a host of `system` ("linux", "windows") means: groups unfolded, sources of other systems
  // and, of an offline disk, those that need the running system left out and named, equal targets given once. NotFound
  // for an unknown name (with suggestions in the message), InvalidArgument for a group that contains itself.
  absl::StatusOr<ResolvedArtifacts> Resolve(const std::vector<std::string>& names, std::string_view system,
                                            HostState state = HostState::kRunning) const;

 private:
  std::map<std::string, ArtifactDefinition, std::less<>> definitions_;
  std::map<std::string, std::string, std::less<>> aliases_;
};

}  // namespace hozen

#endif  // HOZEN_CORE_ARTIFACT_DEFINITIONS_H_
