#include "core/artifact/parse_definitions.h"

#include <algorithm>
#include <exception>
#include <functional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "core/artifact/yaml_walk.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

absl::Status ParseValues(const YAML::Node& node, YamlWalk& walk, std::vector<ArtifactSource::RegistryValue>& values) {
  values.clear();
  return walk.EachElement(node, [&](const YAML::Node& element) {
    ArtifactSource::RegistryValue& one = values.emplace_back();
    return walk.EachEntry(element, [&](const std::string& key, const YAML::Node& value) {
      if (key == "key") return walk.Text(value, one.key);
      if (key == "value") return walk.Text(value, one.value);
      return absl::OkStatus();
    });
  });
}

// A moniker of WMI's scripting interface, "winmgmts:\\root\\SecurityCenter2"; what it names is wanted.
absl::Status ParseBaseObject(const YAML::Node& node, YamlWalk& walk, std::string& name_space) {
  std::string moniker;
  HOZEN_RETURN_IF_ERROR(walk.Text(node, moniker));
  std::string_view rest = moniker;
  constexpr std::string_view kScheme = "winmgmts:";
  if (absl::StartsWithIgnoreCase(AbslView(rest), AbslView(kScheme))) rest.remove_prefix(kScheme.size());
  rest.remove_prefix(std::min(rest.find_first_not_of('\\'), rest.size()));
  name_space = std::string(rest);
  return absl::OkStatus();
}

absl::Status ParseAttributes(const YAML::Node& node, YamlWalk& walk, ArtifactSource& source) {
  return walk.EachEntry(node, [&](const std::string& key, const YAML::Node& value) {
    if (key == "paths") return walk.Texts(value, source.paths);
    if (key == "separator") return walk.Text(value, source.separator);
    if (key == "names") return walk.Texts(value, source.names);
    if (key == "cmd") return walk.Text(value, source.command);
    if (key == "args") return walk.Texts(value, source.arguments);
    if (key == "query") return walk.Text(value, source.query);
    if (key == "base_object") return ParseBaseObject(value, walk, source.name_space);
    if (key == "kinds") return walk.Texts(value, source.kinds);
    if (key == "keys") return walk.Texts(value, source.keys);
    if (key == "key_value_pairs") return ParseValues(value, walk, source.values);
    return absl::OkStatus();  // of types that are not collected, or newer than this version
  });
}

// What a source of a type cannot be without; empty where it has it.
std::string_view Lacking(const ArtifactSource& source) {
  const bool needs_paths = source.type == "FILE" || source.type == "PATH" || source.type == "HOZEN_LISTING";
  if (needs_paths && source.paths.empty()) return "paths";
  if (source.type == "ARTIFACT_GROUP" && source.names.empty()) return "names";
  if (source.type == "HOZEN_STATE" && source.kinds.empty()) return "kinds";
  if (source.type == "WMI" && source.query.empty()) return "query";
  if (source.type == "COMMAND" && source.command.empty()) return "cmd";
  if (source.type == "REGISTRY_KEY" && source.keys.empty()) return "keys";
  if (source.type == "REGISTRY_VALUE" && source.values.empty()) return "key_value_pairs";
  return "";
}

absl::Status CheckSource(const ArtifactSource& source) {
  if (source.type.empty()) return absl::InvalidArgumentError("it has no type");
  if (const std::string_view lacking = Lacking(source); !lacking.empty()) {
    return absl::InvalidArgumentError(
        Concat("its attributes lack ", lacking, ", which a ", source.type, " source needs"));
  }
  return absl::OkStatus();
}

absl::Status ParseSource(const YAML::Node& node, YamlWalk& walk, ArtifactSource& source) {
  HOZEN_RETURN_IF_ERROR(walk.EachEntry(node, [&](const std::string& key, const YAML::Node& value) {
    if (key == "type") return walk.Text(value, source.type);
    if (key == "attributes") return ParseAttributes(value, walk, source);
    if (key == "supported_os") return walk.Texts(value, source.supported_os);
    return absl::OkStatus();
  }));
  return CheckSource(source);
}

absl::Status ParseSources(const YAML::Node& node, YamlWalk& walk, std::vector<ArtifactSource>& sources) {
  sources.clear();
  return walk.EachElement(node, [&](const YAML::Node& element) {
    const std::string which = Concat("source ", sources.size() + 1);
    return WithContext(ParseSource(element, walk, sources.emplace_back()), which);
  });
}

absl::Status ParseDefinition(const YAML::Node& node, YamlWalk& walk, ArtifactDefinition& definition) {
  HOZEN_RETURN_IF_ERROR(walk.EachEntry(node, [&](const std::string& key, const YAML::Node& value) {
    if (key == "name") return walk.Text(value, definition.name);
    if (key == "aliases") return walk.Texts(value, definition.aliases);
    if (key == "doc") return walk.Text(value, definition.doc);
    if (key == "supported_os") return walk.Texts(value, definition.supported_os);
    if (key == "urls") return walk.Texts(value, definition.urls);
    if (key == "sources") return ParseSources(value, walk, definition.sources);
    return absl::OkStatus();
  }));
  if (definition.name.empty()) return absl::InvalidArgumentError("it has no name");
  if (definition.sources.empty()) return absl::InvalidArgumentError("it has no sources");
  return absl::OkStatus();
}

// Hands on each document of a stream with the line that it begins at. A line that begins with "---" or "..." is a
// border wherever it stands (YAML 1.2.2 section 9.1.2), so no YAML needs to be understood for it. yaml-cpp's own
// LoadAll finds documents without end in some malformed streams.
absl::Status EachDocument(std::string_view yaml,
                          const std::function<absl::Status(size_t line, std::string_view document)>& on_document) {
  const auto is_border = [](std::string_view line) {
    return (line.starts_with("---") || line.starts_with("...")) &&
           (line.size() == 3 || line[3] == ' ' || line[3] == '\t' || line[3] == '\r');
  };
  size_t begin = 0, first_line = 1, line_number = 0;
  for (size_t at = 0; at < yaml.size();) {
    const size_t line_end = std::min(yaml.find('\n', at), yaml.size());
    ++line_number;
    if (is_border(yaml.substr(at, line_end - at))) {
      HOZEN_RETURN_IF_ERROR(on_document(first_line, yaml.substr(begin, at - begin)));
      begin = at + 3;  // what stands behind the border on its line belongs to the next document
      first_line = line_number;
    }
    at = line_end + 1;
  }
  return on_document(first_line, yaml.substr(begin));
}

absl::Status ParseDocuments(std::string_view yaml, std::vector<ArtifactDefinition>& definitions,
                            std::string_view origin) {
  YamlWalk walk;
  return EachDocument(yaml, [&](size_t line, std::string_view text) -> absl::Status {
    const std::string place = Concat("document at line ", line);
    const absl::StatusOr<YAML::Node> document = LoadYamlDocument(text);
    if (!document.ok()) return WithContext(document.status(), place);
    if (!document->IsDefined() || document->IsNull()) return absl::OkStatus();
    ArtifactDefinition definition;
    definition.origin = std::string(origin);
    if (absl::Status status = ParseDefinition(*document, walk, definition); !status.ok()) {
      return WithContext(status, definition.name.empty() ? place : Concat("definition ", Printable(definition.name)));
    }
    definitions.push_back(std::move(definition));
    return absl::OkStatus();
  });
}

}  // namespace

absl::StatusOr<std::vector<ArtifactDefinition>> ParseDefinitions(std::string_view yaml, std::string_view origin) {
  HOZEN_RETURN_IF_ERROR(WithContext(CheckDefinitionsText(yaml), origin));
  std::vector<ArtifactDefinition> definitions;
  try {
    HOZEN_RETURN_IF_ERROR(WithContext(ParseDocuments(yaml, definitions, origin), origin));
  } catch (const std::exception& exception) {
    return absl::InvalidArgumentError(Concat(origin, ": it is not YAML: ", Printable(exception.what())));
  }
  return definitions;
}

}  // namespace hozen
