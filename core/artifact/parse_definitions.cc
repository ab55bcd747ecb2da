#include "core/artifact/parse_definitions.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <string>
#include <utility>

#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

// An alias costs a few bytes of YAML and can stand for a whole tree, whose aliases stand for others. So what counts is
// what is visited, not what is written.
constexpr size_t kMaxVisitedNodes = 200'000;
constexpr size_t kMaxCopiedBytes = 16 << 20;

// Reads nodes and counts them. Throws what yaml-cpp throws.
class Walk {
 public:
  using OnEntry = std::function<absl::Status(const std::string& key, const YAML::Node& value)>;

  absl::Status Text(const YAML::Node& node, std::string& text) {
    HOZEN_RETURN_IF_ERROR(Visit());
    if (!node.IsScalar()) return absl::InvalidArgumentError("it is not a text");
    const std::string& scalar = node.Scalar();
    copied_bytes_ += scalar.size();
    if (copied_bytes_ > kMaxCopiedBytes) return TooMuch();
    text = scalar;
    return absl::OkStatus();
  }

  absl::Status Texts(const YAML::Node& node, std::vector<std::string>& texts) {
    texts.clear();
    return EachElement(node, [&](const YAML::Node& element) { return Text(element, texts.emplace_back()); });
  }

  absl::Status EachElement(const YAML::Node& node, const std::function<absl::Status(const YAML::Node&)>& on_element) {
    HOZEN_RETURN_IF_ERROR(Visit());
    if (!node.IsSequence()) return absl::InvalidArgumentError("it is not a list");
    for (const YAML::Node& element : node) HOZEN_RETURN_IF_ERROR(on_element(element));
    return absl::OkStatus();
  }

  // An error of `on_entry` names the key.
  absl::Status EachEntry(const YAML::Node& node, const OnEntry& on_entry) {
    HOZEN_RETURN_IF_ERROR(Visit());
    if (!node.IsMap()) return absl::InvalidArgumentError("it is not a mapping");
    for (const auto& entry : node) {
      std::string key;
      HOZEN_RETURN_IF_ERROR(WithContext(Text(entry.first, key), "a key"));
      HOZEN_RETURN_IF_ERROR(WithContext(on_entry(key, entry.second), Printable(key)));
    }
    return absl::OkStatus();
  }

 private:
  static absl::Status TooMuch() {
    return absl::InvalidArgumentError(Concat("it unfolds to more than ", kMaxVisitedNodes, " nodes or ",
                                             kMaxCopiedBytes >> 20, " MiB; its aliases (&, *) make too much of it"));
  }
  absl::Status Visit() { return ++visited_nodes_ > kMaxVisitedNodes ? TooMuch() : absl::OkStatus(); }

  size_t visited_nodes_ = 0;
  size_t copied_bytes_ = 0;
};

absl::Status ParseAttributes(const YAML::Node& node, Walk& walk, ArtifactSource& source) {
  return walk.EachEntry(node, [&](const std::string& key, const YAML::Node& value) {
    if (key == "paths") return walk.Texts(value, source.paths);
    if (key == "separator") return walk.Text(value, source.separator);
    if (key == "names") return walk.Texts(value, source.names);
    if (key == "cmd") return walk.Text(value, source.command);
    if (key == "args") return walk.Texts(value, source.arguments);
    if (key == "kinds") return walk.Texts(value, source.kinds);
    return absl::OkStatus();  // of types that are not collected, or newer than this version
  });
}

absl::Status CheckSource(const ArtifactSource& source) {
  if (source.type.empty()) return absl::InvalidArgumentError("it has no type");
  const bool needs_paths = source.type == "FILE" || source.type == "PATH" || source.type == "HOZEN_LISTING";
  const bool lacks_paths = needs_paths && source.paths.empty();
  const bool lacks_names = source.type == "ARTIFACT_GROUP" && source.names.empty();
  const bool lacks_command = source.type == "COMMAND" && source.command.empty();
  const bool lacks_kinds = source.type == "HOZEN_STATE" && source.kinds.empty();
  if (lacks_paths || lacks_names || lacks_command || lacks_kinds) {
    return absl::InvalidArgumentError(Concat("its attributes lack ",
                                             lacks_paths   ? "paths"
                                             : lacks_names ? "names"
                                             : lacks_kinds ? "kinds"
                                                           : "cmd",
                                             ", which a ", source.type, " source needs"));
  }
  return absl::OkStatus();
}

absl::Status ParseSource(const YAML::Node& node, Walk& walk, ArtifactSource& source) {
  HOZEN_RETURN_IF_ERROR(walk.EachEntry(node, [&](const std::string& key, const YAML::Node& value) {
    if (key == "type") return walk.Text(value, source.type);
    if (key == "attributes") return ParseAttributes(value, walk, source);
    if (key == "supported_os") return walk.Texts(value, source.supported_os);
    return absl::OkStatus();
  }));
  return CheckSource(source);
}

absl::Status ParseSources(const YAML::Node& node, Walk& walk, std::vector<ArtifactSource>& sources) {
  sources.clear();
  return walk.EachElement(node, [&](const YAML::Node& element) {
    const std::string which = Concat("source ", sources.size() + 1);
    return WithContext(ParseSource(element, walk, sources.emplace_back()), which);
  });
}

absl::Status ParseDefinition(const YAML::Node& node, Walk& walk, ArtifactDefinition& definition) {
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
  Walk walk;
  return EachDocument(yaml, [&](size_t line, std::string_view text) -> absl::Status {
    const std::string place = Concat("document at line ", line);
    YAML::Node document;
    try {
      document = YAML::Load(std::string(text));
    } catch (const std::exception& exception) {
      return absl::InvalidArgumentError(Concat(place, ": it is not YAML: ", Printable(exception.what())));
    }
    if (!document.IsDefined() || document.IsNull()) return absl::OkStatus();
    ArtifactDefinition definition;
    definition.origin = std::string(origin);
    if (absl::Status status = ParseDefinition(document, walk, definition); !status.ok()) {
      return WithContext(status, definition.name.empty() ? place : Concat("definition ", Printable(definition.name)));
    }
    definitions.push_back(std::move(definition));
    return absl::OkStatus();
  });
}

}  // namespace

absl::StatusOr<std::vector<ArtifactDefinition>> ParseDefinitions(std::string_view yaml, std::string_view origin) {
  if (yaml.size() > kMaxDefinitionsFileSizeBytes) {
    return absl::InvalidArgumentError(Concat(origin, ": it is longer than ", kMaxDefinitionsFileSizeBytes, " bytes"));
  }
  if (!IsValidUtf8(yaml)) return absl::InvalidArgumentError(Concat(origin, ": it is not UTF-8"));
  std::vector<ArtifactDefinition> definitions;
  try {
    HOZEN_RETURN_IF_ERROR(WithContext(ParseDocuments(yaml, definitions, origin), origin));
  } catch (const std::exception& exception) {
    return absl::InvalidArgumentError(Concat(origin, ": it is not YAML: ", Printable(exception.what())));
  }
  return definitions;
}

}  // namespace hozen
