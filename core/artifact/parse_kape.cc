#include "core/artifact/parse_kape.h"

#include <algorithm>
#include <exception>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "core/artifact/kape_mask.h"
#include "core/artifact/yaml_walk.h"
#include "core/base/concat.h"
#include "core/base/path_text.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr std::string_view kSuffix = ".tkape";
constexpr std::string_view kSystemDrive = "%%environ_systemdrive%%";
constexpr std::string_view kUser = "%user%";
constexpr std::string_view kTriageTarget = "kapetriage";  // in lower case

std::string Lower(std::string_view text) { return absl::AsciiStrToLower(AbslView(text)); }

// One element of a target's list.
struct Entry {
  std::string path;
  std::string mask;
  std::string save_as;
  std::string min_size;
  std::string max_size;
  std::string recursive;
};

absl::Status ParseEntry(const YAML::Node& node, YamlWalk& walk, Entry& entry) {
  HOZEN_RETURN_IF_ERROR(walk.EachEntry(node, [&](const std::string& key, const YAML::Node& value) {
    const std::string name = Lower(key);
    std::string* const text = name == "path"             ? &entry.path
                              : name == "filemask"       ? &entry.mask
                              : name == "saveasfilename" ? &entry.save_as
                              : name == "minsize"        ? &entry.min_size
                              : name == "maxsize"        ? &entry.max_size
                              : name == "recursive"      ? &entry.recursive
                                                         : nullptr;
    // The others tell people something, or order what an agent does by itself: AlwaysAddToQueue asks for a raw look.
    if (text == nullptr || value.IsNull()) return absl::OkStatus();
    return walk.Text(value, *text);
  }));
  return entry.path.empty() ? absl::InvalidArgumentError("it has no Path") : absl::OkStatus();
}

// %user% is every person where KAPE is not told of one. Another variable has no value here; its name is then in
// `lacks`.
std::string WithoutVariables(std::string_view path, std::string& lacks) {
  std::string result;
  while (true) {
    const size_t open = path.find('%');
    const size_t close = open == std::string_view::npos ? open : path.find('%', open + 1);
    if (close == std::string_view::npos) break;
    const std::string_view name = path.substr(open, close + 1 - open);
    result += path.substr(0, open);
    if (Lower(name) == kUser) {
      result += '*';
    } else {
      lacks = std::string(name);
    }
    path.remove_prefix(close + 1);
  }
  result += path;
  return result;
}

// The folder as a pattern that ends in its separator. C: is the drive that KAPE is pointed to.
std::string FolderPattern(std::string_view path) {
  if (path.size() >= 2 && path[1] == ':' && absl::ascii_isalpha(static_cast<unsigned char>(path[0]))) {
    path.remove_prefix(2);
  }
  std::string pattern(kSystemDrive);
  while (!path.empty()) {
    const size_t end = std::min(path.find('\\'), path.size());
    const std::string_view part = path.substr(0, end);
    if (!part.empty()) pattern += Concat("\\", KapeGlob(part));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return pattern + "\\";
}

void AddPatterns(const Entry& entry, ArtifactSource& source) {
  std::string lacks;
  const std::string path = WithoutVariables(absl::StrReplaceAll(entry.path, {{"/", "\\"}}), lacks);
  if (!lacks.empty()) {
    source.not_taken.push_back(Concat("\"", Printable(entry.path), "\" needs ", Printable(lacks),
                                      ", which only KAPE's own command line could give"));
    return;
  }
  const absl::StatusOr<std::vector<std::string>> masks = KapeMaskPatterns(entry.mask);
  if (!masks.ok()) {
    source.not_taken.push_back(
        Concat("FileMask \"", Printable(entry.mask), "\" has no pattern: ", StdView(masks.status().message())));
    return;
  }
  const std::string folder = FolderPattern(path);
  for (const std::string& mask : *masks) {
    source.paths.push_back(Concat(folder, Lower(entry.recursive) == "true" ? "**\\" : "", mask));
  }
  if (!entry.save_as.empty()) {
    source.not_taken.push_back(
        Concat("SaveAsFileName ", Printable(entry.save_as), " is not followed: evidence keeps the name that it had"));
  }
  if (!entry.min_size.empty() || !entry.max_size.empty()) {
    source.not_taken.push_back("MinSize and MaxSize are not followed: files of any size are collected");
  }
}

// Is it `Folder\*`, the targets of a folder? A path of a host has a drive or begins at the root.
bool IsTargetFolder(std::string_view path) {
  return path.size() > 2 && path.ends_with("\\*") && path.front() != '\\' && path.find_first_of(":%") == path.npos;
}

std::string_view LastPart(std::string_view path) { return path.substr(path.find_last_of("\\/") + 1); }

void AddEntry(const Entry& entry, KapeTarget& target) {
  const std::string_view path = entry.path;
  if (absl::EndsWithIgnoreCase(entry.path, AbslView(kSuffix))) {
    target.member_files.emplace_back(LastPart(path.substr(0, path.size() - kSuffix.size())));
  } else if (IsTargetFolder(path)) {
    target.member_folders.emplace_back(LastPart(path.substr(0, path.size() - 2)));
  } else {
    ArtifactSource& source = target.definition.sources.emplace_back();
    source.type = "FILE";
    source.separator = "\\";
    AddPatterns(entry, source);
  }
}

absl::Status ParseEntries(const YAML::Node& node, YamlWalk& walk, KapeTarget& target) {
  size_t entries = 0;
  return walk.EachElement(node, [&](const YAML::Node& element) {
    Entry entry;
    HOZEN_RETURN_IF_ERROR(WithContext(ParseEntry(element, walk, entry), Concat("target ", ++entries)));
    AddEntry(entry, target);
    return absl::OkStatus();
  });
}

absl::Status ParseTarget(const YAML::Node& document, KapeTarget& target) {
  YamlWalk walk;
  std::string author, version;
  HOZEN_RETURN_IF_ERROR(walk.EachEntry(document, [&](const std::string& key, const YAML::Node& value) {
    const std::string name = Lower(key);
    if (value.IsNull()) return absl::OkStatus();
    if (name == "description") return walk.Text(value, target.definition.doc);
    if (name == "author") return walk.Text(value, author);
    if (name == "version") return walk.Text(value, version);
    if (name != "targets") return absl::OkStatus();
    return ParseEntries(value, walk, target);
  }));
  if (target.definition.sources.empty() && target.member_files.empty() && target.member_folders.empty()) {
    return absl::InvalidArgumentError("it has no Targets");
  }
  target.definition.doc += Concat("\nA target of KAPE, by ", author.empty() ? "somebody" : author,
                                  version.empty() ? "" : Concat(", version ", version), ".");
  return absl::OkStatus();
}

absl::Status ParseText(std::string_view yaml, KapeTarget& target) {
  HOZEN_RETURN_IF_ERROR(CheckDefinitionsText(yaml));
  HOZEN_ASSIGN_OR_RETURN(const YAML::Node document, LoadYamlDocument(yaml));
  try {
    return ParseTarget(document, target);
  } catch (const std::exception& exception) {
    return absl::InvalidArgumentError(Concat("it is not YAML: ", Printable(exception.what())));
  }
}

}  // namespace

absl::StatusOr<KapeTarget> ParseKapeTarget(std::string_view yaml, const std::filesystem::path& file) {
  KapeTarget target;
  target.folder = PathText(file.parent_path().filename());
  target.definition.name = PathText(file.stem());
  target.definition.origin = PathText(file);
  target.definition.supported_os = {"Windows"};
  HOZEN_RETURN_IF_ERROR(WithContext(ParseText(yaml, target), Printable(PathText(file))));
  return target;
}

std::vector<ArtifactDefinition> LinkKapeTargets(std::vector<KapeTarget> targets) {
  std::map<std::string, std::string> by_name;  // in lower case -> as it is
  std::map<std::string, std::set<std::string>> by_folder;
  for (const KapeTarget& target : targets) {
    by_name.emplace(Lower(target.definition.name), target.definition.name);
    by_folder[Lower(target.folder)].insert(target.definition.name);
  }
  std::vector<ArtifactDefinition> definitions;
  for (KapeTarget& target : targets) {
    ArtifactSource group;
    group.type = "ARTIFACT_GROUP";
    for (const std::string& member : target.member_files) {
      const auto known = by_name.find(Lower(member));
      group.names.push_back(known == by_name.end() ? member : known->second);
    }
    for (const std::string& folder : target.member_folders) {
      const auto known = by_folder.find(Lower(folder));
      if (known == by_folder.end()) {
        group.not_taken.push_back(Concat("there is no folder ", Printable(folder), " with targets"));
        continue;
      }
      // A target that takes its own folder does not mean itself.
      for (const std::string& name : known->second) {
        if (name != target.definition.name) group.names.push_back(name);
      }
    }
    if (!group.names.empty() || !group.not_taken.empty()) target.definition.sources.push_back(std::move(group));
    if (Lower(target.definition.name) == kTriageTarget) target.definition.aliases.emplace_back(kKapeTriageSet);
    definitions.push_back(std::move(target.definition));
  }
  return definitions;
}

}  // namespace hozen
