// Reading YAML of strangers: nodes are counted, so that work and memory are bounded whatever the text says. Only
// core/artifact uses it.
#ifndef HOZEN_CORE_ARTIFACT_YAML_WALK_H_
#define HOZEN_CORE_ARTIFACT_YAML_WALK_H_

#include <yaml-cpp/yaml.h>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace hozen {

inline constexpr size_t kMaxDefinitionsFileSizeBytes = 1 << 20;

// One document. InvalidArgument where it is not YAML; a node that is not defined where it is empty.
absl::StatusOr<YAML::Node> LoadYamlDocument(std::string_view text);

// InvalidArgument for a file that is too long or not UTF-8.
absl::Status CheckDefinitionsText(std::string_view text);

// Takes nodes apart and counts them: an alias costs a few bytes of YAML and can stand for a whole tree, whose aliases
// stand for others, so what counts is what is visited. One for each file. Its functions throw what yaml-cpp throws.
class YamlWalk {
 public:
  using OnEntry = std::function<absl::Status(const std::string& key, const YAML::Node& value)>;

  absl::Status Text(const YAML::Node& node, std::string& text);
  absl::Status Texts(const YAML::Node& node, std::vector<std::string>& texts);
  absl::Status EachElement(const YAML::Node& node, const std::function<absl::Status(const YAML::Node&)>& on_element);
  // An error of `on_entry` names the key.
  absl::Status EachEntry(const YAML::Node& node, const OnEntry& on_entry);

 private:
  absl::Status Visit();

  size_t visited_nodes_ = 0;
  size_t copied_bytes_ = 0;
};

}  // namespace hozen

#endif  // HOZEN_CORE_ARTIFACT_YAML_WALK_H_
