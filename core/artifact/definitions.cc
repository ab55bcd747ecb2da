#include "core/artifact/definitions.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "core/artifact/parse_definitions.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr size_t kMaxSimilar = 5;
constexpr size_t kMaxComparedNameSizeBytes = 128;

// How many letters must be added, removed or changed to make `b` of `a`.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row[b.size()];
}

// How far a name is from what was typed, in lower case; nothing that holds the other is far.
size_t Distance(const std::string& typed, const std::string& name) {
  const size_t edits = EditDistance(typed, name);
  const bool holds = typed.size() >= 3 && (absl::StrContains(name, typed) || absl::StrContains(typed, name));
  return holds ? std::min<size_t>(edits, 1) : edits;
}

}  // namespace

absl::Status ArtifactDefinitions::AddYaml(std::string_view yaml, std::string_view origin) {
  HOZEN_ASSIGN_OR_RETURN(std::vector<ArtifactDefinition> added, ParseDefinitions(yaml, origin));
  return Add(std::move(added));
}

absl::Status ArtifactDefinitions::Add(std::vector<ArtifactDefinition> added) {
  // All of a file or nothing of it.
  std::set<std::string_view> names;
  for (const ArtifactDefinition& definition : added) {
    const auto known = definitions_.find(definition.name);
    if (known != definitions_.end() || !names.insert(definition.name).second) {
      return absl::InvalidArgumentError(Concat(definition.origin, ": definition ", Printable(definition.name),
                                               ": the name is taken already, in ",
                                               known != definitions_.end() ? known->second.origin : "the same file"));
    }
  }
  for (ArtifactDefinition& definition : added) {
    for (const std::string& alias : definition.aliases) aliases_.emplace(alias, definition.name);
    std::string name = definition.name;
    definitions_.emplace(std::move(name), std::move(definition));
  }
  return absl::OkStatus();
}

const ArtifactDefinition* ArtifactDefinitions::Find(std::string_view name) const {
  if (const auto found = definitions_.find(name); found != definitions_.end()) return &found->second;
  const auto alias = aliases_.find(name);
  return alias == aliases_.end() ? nullptr : &definitions_.find(alias->second)->second;
}

std::vector<const ArtifactDefinition*> ArtifactDefinitions::All() const {
  std::vector<const ArtifactDefinition*> all;
  for (const auto& [name, definition] : definitions_) all.push_back(&definition);
  return all;
}

std::vector<std::string> ArtifactDefinitions::Similar(std::string_view name) const {
  const std::string typed = absl::AsciiStrToLower(AbslView(name.substr(0, kMaxComparedNameSizeBytes)));
  const size_t far = std::max<size_t>(2, typed.size() / 3) + 1;
  std::vector<std::pair<size_t, std::string>> near;
  for (const auto& [known, definition] : definitions_) {
    if (known.size() > kMaxComparedNameSizeBytes) continue;
    const size_t distance = Distance(typed, absl::AsciiStrToLower(known));
    if (distance < far) near.emplace_back(distance, known);
  }
  std::sort(near.begin(), near.end());
  std::vector<std::string> names;
  for (size_t i = 0; i < std::min(near.size(), kMaxSimilar); ++i) names.push_back(std::move(near[i].second));
  return names;
}

}  // namespace hozen
