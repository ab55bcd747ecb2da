#include "core/artifact/yaml_walk.h"

#include <exception>

#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr size_t kMaxVisitedNodes = 200'000;
constexpr size_t kMaxCopiedBytes = 16 << 20;

absl::Status TooMuch() {
  return absl::InvalidArgumentError(Concat("it unfolds to more than ", kMaxVisitedNodes, " nodes or ",
                                           kMaxCopiedBytes >> 20, " MiB; its aliases (&, *) make too much of it"));
}

}  // namespace

absl::StatusOr<YAML::Node> LoadYamlDocument(std::string_view text) {
  try {
    return YAML::Load(std::string(text));
  } catch (const std::exception& exception) {
    return absl::InvalidArgumentError(Concat("it is not YAML: ", Printable(exception.what())));
  }
}

absl::Status CheckDefinitionsText(std::string_view text) {
  if (text.size() > kMaxDefinitionsFileSizeBytes) {
    return absl::InvalidArgumentError(Concat("it is longer than ", kMaxDefinitionsFileSizeBytes, " bytes"));
  }
  if (!IsValidUtf8(text)) return absl::InvalidArgumentError("it is not UTF-8");
  return absl::OkStatus();
}

absl::Status YamlWalk::Text(const YAML::Node& node, std::string& text) {
  HOZEN_RETURN_IF_ERROR(Visit());
  if (!node.IsScalar()) return absl::InvalidArgumentError("it is not a text");
  const std::string& scalar = node.Scalar();
  copied_bytes_ += scalar.size();
  if (copied_bytes_ > kMaxCopiedBytes) return TooMuch();
  text = scalar;
  return absl::OkStatus();
}

absl::Status YamlWalk::Texts(const YAML::Node& node, std::vector<std::string>& texts) {
  texts.clear();
  return EachElement(node, [&](const YAML::Node& element) { return Text(element, texts.emplace_back()); });
}

absl::Status YamlWalk::EachElement(const YAML::Node& node,
                                   const std::function<absl::Status(const YAML::Node&)>& on_element) {
  HOZEN_RETURN_IF_ERROR(Visit());
  if (!node.IsSequence()) return absl::InvalidArgumentError("it is not a list");
  for (const YAML::Node& element : node) HOZEN_RETURN_IF_ERROR(on_element(element));
  return absl::OkStatus();
}

absl::Status YamlWalk::EachEntry(const YAML::Node& node, const OnEntry& on_entry) {
  HOZEN_RETURN_IF_ERROR(Visit());
  if (!node.IsMap()) return absl::InvalidArgumentError("it is not a mapping");
  for (const auto& entry : node) {
    std::string key;
    HOZEN_RETURN_IF_ERROR(WithContext(Text(entry.first, key), "a key"));
    HOZEN_RETURN_IF_ERROR(WithContext(on_entry(key, entry.second), Printable(key)));
  }
  return absl::OkStatus();
}

absl::Status YamlWalk::Visit() { return ++visited_nodes_ > kMaxVisitedNodes ? TooMuch() : absl::OkStatus(); }

}  // namespace hozen
