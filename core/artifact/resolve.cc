// ArtifactDefinitions::Resolve: from names to the targets of a plan.
#include <algorithm>
#include <set>
#include <utility>

#include "core/artifact/definitions.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"
#include "core/plan/plan.h"
#include "core/plan/state_kinds.h"

namespace hozen {
namespace {

constexpr size_t kMaxGroupDepth = 64;
constexpr std::string_view kWindows = "Windows";
// What an agent on a POSIX system can put in the place of %%...%%.
constexpr std::string_view kPosixVariables[] = {"users.homedir", "users.uid", "users.username"};

// ForensicArtifacts' name of a system; empty for one that it does not know.
std::string_view SupportedOs(std::string_view system) {
  if (system == "linux") return "Linux";
  if (system == "windows") return kWindows;
  if (system == "darwin") return "Darwin";
  if (system == "esxi") return "ESXi";
  return "";
}

std::string Join(const std::vector<std::string>& texts, std::string_view separator) {
  std::string joined;
  for (const std::string& text : texts) joined += Concat(joined.empty() ? "" : separator, Printable(text));
  return joined;
}

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

// One run of Resolve.
class Resolution {
 public:
  // `definitions` must outlive it.
  Resolution(const ArtifactDefinitions& definitions, std::string_view os) : definitions_(definitions), os_(os) {}

  absl::Status Add(std::string_view name) {
    const ArtifactDefinition* const definition = definitions_.Find(name);
    if (definition == nullptr) return Unknown(name);
    HOZEN_RETURN_IF_ERROR(Enter(definition->name));
    // Groups share members; each is unfolded once, so that the work is that of reading the definitions once.
    if (done_.insert(definition->name).second) {
      for (const ArtifactSource& source : definition->sources) HOZEN_RETURN_IF_ERROR(AddSource(*definition, source));
    }
    way_.pop_back();
    return absl::OkStatus();
  }

  ResolvedArtifacts Release() && { return std::move(resolved_); }

 private:
  absl::Status Enter(const std::string& name) {
    const auto seen = std::find(way_.begin(), way_.end(), name);
    if (seen != way_.end()) {
      return absl::InvalidArgumentError(Concat("the artifact group contains itself: ",
                                               Join(std::vector<std::string>(seen, way_.end()), " -> "), " -> ", name));
    }
    if (way_.size() == kMaxGroupDepth) {
      return absl::InvalidArgumentError(
          Concat("artifact groups lie more than ", kMaxGroupDepth, " deep in each other, at ", Printable(name)));
    }
    way_.push_back(name);
    return absl::OkStatus();
  }

  absl::Status Unknown(std::string_view name) const {
    const std::vector<std::string> similar = definitions_.Similar(name);
    return absl::NotFoundError(Concat(
        "there is no artifact \"", Printable(name), "\"", way_.empty() ? "" : Concat(", which ", way_.back(), " names"),
        similar.empty() ? "; `hozen artifacts list` names all" : Concat("; did you mean ", Join(similar, ", "), "?")));
  }

  absl::Status AddSource(const ArtifactDefinition& definition, const ArtifactSource& source) {
    const std::vector<std::string>& systems =
        source.supported_os.empty() ? definition.supported_os : source.supported_os;
    if (!systems.empty() && std::find(systems.begin(), systems.end(), os_) == systems.end()) {
      Skip(definition, source, Concat("it is for ", Join(systems, ", "), ", not for ", os_));
    } else if (source.type == "ARTIFACT_GROUP") {
      for (const std::string& name : source.names) HOZEN_RETURN_IF_ERROR(Add(name));
    } else if (source.type == "FILE" || source.type == "PATH") {
      AddPatterns(definition, source);
    } else if (source.type == "COMMAND") {
      AddCommand(definition, source);
    } else if (source.type == "HOZEN_STATE") {
      AddState(definition, source);
    } else {
      Skip(definition, source, "this version collects FILE, PATH, COMMAND and ARTIFACT_GROUP sources only");
    }
    return absl::OkStatus();
  }

  void AddPatterns(const ArtifactDefinition& definition, const ArtifactSource& source) {
    for (const std::string& pattern : source.paths) {
      if (std::string reason = WhyNot(pattern, source, os_); !reason.empty()) {
        Skip(definition, source, std::move(reason));
        continue;
      }
      v1::Target target;
      v1::Target::PathPattern& wanted = source.type == "FILE" ? *target.mutable_file() : *target.mutable_path();
      wanted.set_pattern(pattern);
      wanted.set_separator(source.separator);
      AddTarget(definition, std::move(target));
    }
  }

  void AddCommand(const ArtifactDefinition& definition, const ArtifactSource& source) {
    v1::Target target;
    target.mutable_command()->set_command(source.command);
    for (const std::string& argument : source.arguments) target.mutable_command()->add_arguments(argument);
    AddTarget(definition, std::move(target));
  }

  void AddState(const ArtifactDefinition& definition, const ArtifactSource& source) {
    for (const std::string& kind : source.kinds) {
      v1::Target target;
      target.mutable_state()->set_kind(StateKindOf(kind));
      if (target.state().kind() == v1::Target::VolatileState::KIND_UNSPECIFIED) {
        Skip(definition, source, Concat("this version knows no kind of volatile state \"", Printable(kind), "\""));
        continue;
      }
      AddTarget(definition, std::move(target));
    }
  }

  // The first definition that asks for something gives its name to it.
  void AddTarget(const ArtifactDefinition& definition, v1::Target target) {
    if (!seen_.insert(target.SerializeAsString()).second) return;
    target.set_artifact(definition.name);
    resolved_.targets.push_back(std::move(target));
  }

  void Skip(const ArtifactDefinition& definition, const ArtifactSource& source, std::string reason) {
    resolved_.not_run.push_back(NotRun{definition.name, source.type, std::move(reason)});
  }

  const ArtifactDefinitions& definitions_;
  const std::string_view os_;
  ResolvedArtifacts resolved_;
  std::vector<std::string> way_;  // the groups that led here
  std::set<std::string> done_;
  std::set<std::string> seen_;  // targets without their artifact's name
};

}  // namespace

absl::StatusOr<ResolvedArtifacts> ArtifactDefinitions::Resolve(const std::vector<std::string>& names,
                                                               std::string_view system) const {
  const std::string_view os = SupportedOs(system);
  if (os.empty()) {
    return absl::InvalidArgumentError(
        Concat("there are no artifacts for the system \"", Printable(system), "\"; it is linux or windows"));
  }
  Resolution resolution(*this, os);
  for (const std::string& name : names) HOZEN_RETURN_IF_ERROR(resolution.Add(name));
  return std::move(resolution).Release();
}

}  // namespace hozen
