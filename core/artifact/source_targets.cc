#include "core/artifact/source_targets.h"

#include <algorithm>
#include <span>
#include <utility>

#include "core/artifact/pattern_check.h"
#include "core/artifact/registry_targets.h"
#include "core/base/concat.h"
#include "core/base/device_root.h"
#include "core/base/printable.h"
#include "core/plan/state_kinds.h"
#include "core/plan/variable_names.h"
#include "core/plan/wmi_query.h"

namespace hozen {
namespace {

constexpr std::string_view kWindows = "Windows";
constexpr std::string_view kNeedsRunning = "it needs the running system; a disk at rest has none";

std::span<const std::string_view> VariablesOf(std::string_view os) {
  return os == kWindows ? std::span<const std::string_view>(kWindowsVariableNames) : kPosixVariableNames;
}

SourceTargets TargetsOfPatterns(const ArtifactSource& source, const TargetSystem& system) {
  const std::string_view os = system.os;
  SourceTargets found;
  for (std::string pattern : source.paths) {
    std::string separator = source.separator;
    if (os == kWindows && separator == "/") {
      // Windows takes both.
      std::replace(pattern.begin(), pattern.end(), '/', '\\');
      separator = "\\";
    }
    std::string reason = os != kWindows && separator != "/"
                             ? Concat("\"", Printable(pattern), "\" is a path of Windows, not of ", os)
                             : WhyNotPattern(pattern, separator, VariablesOf(os), os);
    // Devices are what the running system makes of a disk.
    if (reason.empty() && separator == "\\" && DeviceRootSize(pattern) > 0 && !system.runs()) reason = kNeedsRunning;
    if (!reason.empty()) {
      found.reasons.push_back(std::move(reason));
      continue;
    }
    v1::Target& target = found.targets.emplace_back();
    v1::Target::PathPattern& wanted = source.type == "FILE" ? *target.mutable_file() : *target.mutable_path();
    wanted.set_pattern(pattern);
    wanted.set_separator(separator);
  }
  return found;
}

SourceTargets Nothing(std::string reason) { return {.targets = {}, .reasons = {std::move(reason)}}; }

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

SourceTargets TargetsOfWmi(const ArtifactSource& source, const TargetSystem& system) {
  if (!system.is_windows()) return Nothing("only Windows has WMI");
  SourceTargets found;
  v1::Target& target = found.targets.emplace_back();
  target.mutable_wmi()->set_query(source.query);
  target.mutable_wmi()->set_name_space(source.name_space);
  if (std::string reason = WhyNotWmiQuery(target.wmi()); !reason.empty()) return Nothing(std::move(reason));
  return found;
}

const std::vector<std::string>& SystemsOf(const ArtifactDefinition& definition, const ArtifactSource& source) {
  return source.supported_os.empty() ? definition.supported_os : source.supported_os;
}

SourceTargets TargetsByType(const ArtifactSource& source, const TargetSystem& system) {
  if (source.type == "FILE" || source.type == "PATH") return TargetsOfPatterns(source, system);
  if (source.type == "REGISTRY_KEY" || source.type == "REGISTRY_VALUE") {
    return system.is_windows() ? RegistryTargets(source, system.state) : Nothing("only Windows has a registry");
  }
  if (source.type == "COMMAND" || source.type == "HOZEN_STATE" || source.type == "HOZEN_LISTING" ||
      source.type == "WMI") {
    if (!system.runs()) return Nothing(std::string(kNeedsRunning));
    if (source.type == "COMMAND") return TargetsOfCommand(source);
    if (source.type == "HOZEN_STATE") return TargetsOfState(source);
    if (source.type == "WMI") return TargetsOfWmi(source, system);
    if (source.type == "HOZEN_LISTING") return TargetsOfListing(source);
  }
  return Nothing(Concat("this version does not collect ", Printable(source.type), " sources"));
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

SourceTargets TargetsOf(const ArtifactDefinition& definition, const ArtifactSource& source,
                        const TargetSystem& system) {
  if (!IsForSystem(definition, source, system.os)) {
    const std::string systems = JoinPrintable(SystemsOf(definition, source), ", ");
    return Nothing(Concat("it is for ", systems, ", not for ", system.os));
  }
  SourceTargets found = TargetsByType(source, system);
  found.reasons.insert(found.reasons.end(), source.not_taken.begin(), source.not_taken.end());
  return found;
}

std::string JoinPrintable(const std::vector<std::string>& texts, std::string_view separator) {
  std::string joined;
  for (const std::string& text : texts) joined += Concat(joined.empty() ? "" : separator, Printable(text));
  return joined;
}

}  // namespace hozen
