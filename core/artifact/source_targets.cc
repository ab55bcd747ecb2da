#include "core/artifact/source_targets.h"

#include <algorithm>
#include <utility>

#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/plan/plan.h"
#include "core/plan/state_kinds.h"

namespace hozen {
namespace {

constexpr std::string_view kWindows = "Windows";
// What an agent on a POSIX system can put in the place of %%...%%.
constexpr std::string_view kPosixVariables[] = {"users.homedir", "users.uid", "users.username"};

// Why a pattern means nothing on `os`; empty where it means something.
std::string WhyNot(std::string_view pattern, const ArtifactSource& source, std::string_view os) {
  const std::string quoted = Concat("\"", Printable(pattern), "\"");
  if (os != kWindows) {
    if (source.separator != "/") return Concat(quoted, " is a path of Windows, not of ", os);
    size_t begin = 0, end = 0;
    while ((begin = pattern.find("%%", end)) != std::string_view::npos) {
      end = pattern.find("%%", begin + 2);
      if (end == std::string_view::npos) break;
      const std::string_view variable = pattern.substr(begin + 2, end - begin - 2);
      end += 2;
      if (std::find(std::begin(kPosixVariables), std::end(kPosixVariables), variable) == std::end(kPosixVariables)) {
        return Concat(quoted, " needs %%", Printable(variable), "%%, which ", os, " does not have");
      }
    }
  }
  const absl::Status status = CheckPattern(pattern, source.separator);
  return status.ok() ? "" : Concat("its pattern cannot be followed: ", StdView(status.message()));
}

SourceTargets TargetsOfPatterns(const ArtifactSource& source, std::string_view os) {
  SourceTargets found;
  for (const std::string& pattern : source.paths) {
    if (std::string reason = WhyNot(pattern, source, os); !reason.empty()) {
      found.reasons.push_back(std::move(reason));
      continue;
    }
    v1::Target& target = found.targets.emplace_back();
    v1::Target::PathPattern& wanted = source.type == "FILE" ? *target.mutable_file() : *target.mutable_path();
    wanted.set_pattern(pattern);
    wanted.set_separator(source.separator);
  }
  return found;
}

SourceTargets TargetsOfCommand(const ArtifactSource& source) {
  SourceTargets found;
  v1::Target& target = found.targets.emplace_back();
  target.mutable_command()->set_command(source.command);
  for (const std::string& argument : source.arguments) target.mutable_command()->add_arguments(argument);
  return found;
}

SourceTargets TargetsOfState(const ArtifactSource& source) {
  SourceTargets found;
  for (const std::string& kind : source.kinds) {
    v1::Target target;
    target.mutable_state()->set_kind(StateKindOf(kind));
    if (target.state().kind() == v1::Target::VolatileState::KIND_UNSPECIFIED) {
      found.reasons.push_back(Concat("this version knows no kind of volatile state \"", Printable(kind), "\""));
    } else {
      found.targets.push_back(std::move(target));
    }
  }
  return found;
}

SourceTargets TargetsOfListing(const ArtifactSource& source) {
  SourceTargets found;
  for (const std::string& path : source.paths) found.targets.emplace_back().mutable_listing()->set_path(path);
  return found;
}

const std::vector<std::string>& SystemsOf(const ArtifactDefinition& definition, const ArtifactSource& source) {
  return source.supported_os.empty() ? definition.supported_os : source.supported_os;
}

}  // namespace

std::string_view OsOfSystem(std::string_view system) {
  if (system == "linux") return "Linux";
  if (system == "windows") return kWindows;
  if (system == "darwin") return "Darwin";
  if (system == "esxi") return "ESXi";
  return "";
}

bool IsForSystem(const ArtifactDefinition& definition, const ArtifactSource& source, std::string_view os) {
  const std::vector<std::string>& systems = SystemsOf(definition, source);
  return systems.empty() || std::find(systems.begin(), systems.end(), os) != systems.end();
}

SourceTargets TargetsOf(const ArtifactDefinition& definition, const ArtifactSource& source, std::string_view os) {
  if (!IsForSystem(definition, source, os)) {
    const std::string systems = JoinPrintable(SystemsOf(definition, source), ", ");
    return {.targets = {}, .reasons = {Concat("it is for ", systems, ", not for ", os)}};
  }
  if (source.type == "FILE" || source.type == "PATH") return TargetsOfPatterns(source, os);
  if (source.type == "COMMAND") return TargetsOfCommand(source);
  if (source.type == "HOZEN_STATE") return TargetsOfState(source);
  if (source.type == "HOZEN_LISTING") return TargetsOfListing(source);
  return {.targets = {}, .reasons = {"this version collects FILE, PATH, COMMAND and ARTIFACT_GROUP sources only"}};
}

std::string JoinPrintable(const std::vector<std::string>& texts, std::string_view separator) {
  std::string joined;
  for (const std::string& text : texts) joined += Concat(joined.empty() ? "" : separator, Printable(text));
  return joined;
}

}  // namespace hozen
