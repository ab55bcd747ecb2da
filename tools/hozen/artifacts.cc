#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/artifact/coverage.h"
#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"
#include "core/command_line/command_line.h"
#include "core/plan/state_kinds.h"
#include "core/plan/wmi_query.h"
#include "tools/hozen/argument_types.h"
#include "tools/hozen/commands.h"
#include "tools/hozen/definition_folders.h"
#include "tools/hozen/json_rendering.h"
#include "tools/hozen/table.h"
#include "tools/hozen/text_rendering.h"

namespace hozen {
namespace {

struct ArtifactOptions {
  std::string name;
  std::string filter;
  std::string os;
  bool offline = false;
  std::vector<std::string> folders;
};

Json Strings(const std::vector<std::string>& texts) {
  Json json = Json::array();
  for (const std::string& text : texts) json.push_back(Printable(text));
  return json;
}

Json DefinitionJson(const ArtifactDefinition& definition) {
  Json json;
  json["name"] = Printable(definition.name);
  json["aliases"] = Strings(definition.aliases);
  json["doc"] = definition.doc;
  json["supported_os"] = Strings(definition.supported_os);
  json["urls"] = Strings(definition.urls);
  json["origin"] = Printable(definition.origin);
  json["sources"] = Json::array();
  for (const ArtifactSource& source : definition.sources) {
    Json one;
    one["type"] = Printable(source.type);
    if (!source.supported_os.empty()) one["supported_os"] = Strings(source.supported_os);
    if (!source.paths.empty()) one["paths"] = Strings(source.paths);
    if (!source.names.empty()) one["names"] = Strings(source.names);
    if (!source.command.empty()) {
      one["command"] = Printable(source.command);
      one["arguments"] = Strings(source.arguments);
    }
    if (!source.kinds.empty()) one["kinds"] = Strings(source.kinds);
    if (!source.keys.empty()) one["keys"] = Strings(source.keys);
    for (const ArtifactSource::RegistryValue& value : source.values) {
      one["key_value_pairs"].push_back({{"key", Printable(value.key)}, {"value", Printable(value.value)}});
    }
    if (!source.not_taken.empty()) one["not_taken"] = Strings(source.not_taken);
    json["sources"].push_back(std::move(one));
  }
  return json;
}

std::string TargetInWords(const v1::Target& target) {
  switch (target.what_case()) {
    case v1::Target::kFile:
      return Concat(Text("file     ", "ファイル "), Printable(target.file().pattern()));
    case v1::Target::kPath:
      return Concat(Text("metadata ", "属性     "), Printable(target.path().pattern()));
    case v1::Target::kCommand:
      return Concat(Text("command  ", "コマンド "), Printable(target.command().command()), " ",
                    Printable(absl::StrJoin(target.command().arguments(), " ")));
    case v1::Target::kDisk:
      return Concat(Text("disk     ", "ディスク "), Printable(target.disk().path()));
    case v1::Target::kState:
      return Concat(Text("state    ", "状態     "), StateKindName(target.state().kind()));
    case v1::Target::kListing:
      return Concat(Text("listing  ", "一覧     "), Printable(target.listing().path()));
    case v1::Target::kRegistry:
      return Concat(Text("registry ", "レジストリ "), Printable(target.registry().key()));
    case v1::Target::kWmi:
      return Concat("WMI      ", Printable(target.wmi().query()));
    default:
      return "?";
  }
}

Json TargetJson(const v1::Target& target) {
  Json json;
  json["artifact"] = Printable(target.artifact());
  switch (target.what_case()) {
    case v1::Target::kFile:
      json["type"] = "file";
      AddPath("pattern", target.file().pattern(), json);
      break;
    case v1::Target::kPath:
      json["type"] = "path";
      AddPath("pattern", target.path().pattern(), json);
      break;
    case v1::Target::kCommand:
      json["type"] = "command";
      json["command"] = Printable(target.command().command());
      json["arguments"] = Json::array();
      for (const std::string& argument : target.command().arguments()) json["arguments"].push_back(Printable(argument));
      break;
    case v1::Target::kDisk:
      json["type"] = "disk";
      AddPath("pattern", target.disk().path(), json);
      break;
    case v1::Target::kState:
      json["type"] = "state";
      json["state"] = StateKindName(target.state().kind());
      break;
    case v1::Target::kListing:
      json["type"] = "listing";
      AddPath("pattern", target.listing().path(), json);
      break;
    case v1::Target::kRegistry:
      json["type"] = "registry";
      AddPath("pattern", target.registry().key(), json);
      if (!target.registry().value().empty()) AddPath("value", target.registry().value(), json);
      break;
    case v1::Target::kWmi:
      json["type"] = "wmi";
      json["query"] = Printable(target.wmi().query());
      json["namespace"] = std::string(WmiNameSpaceOf(target.wmi()));
      break;
    default:
      break;
  }
  return json;
}

bool Supports(const ArtifactDefinition& definition, const std::string& os) {
  if (os.empty() || definition.supported_os.empty()) return true;
  for (const std::string& supported : definition.supported_os) {
    if (absl::EqualsIgnoreCase(supported, os)) return true;
  }
  return false;
}

bool ContainsIgnoringCase(const std::string& text, const std::string& part) {
  return absl::StrContains(absl::AsciiStrToLower(text), absl::AsciiStrToLower(part));
}

// The first line of a text, for a list.
std::string FirstLine(const std::string& text) {
  std::string_view line = std::string_view(text).substr(0, text.find('\n'));
  return Printable(line);
}

absl::StatusOr<ExitCode> ListArtifacts(Invocation& invocation, const ArtifactOptions& options) {
  Console& console = invocation.console;
  HOZEN_ASSIGN_OR_RETURN(const ArtifactDefinitions definitions, LoadDefinitions(options.folders));
  Table table({{Title(console, "ARTIFACT", "アーティファクト")},
               {Title(console, "SYSTEMS", "システム")},
               {Title(console, "ABOUT", "説明")}});
  for (const ArtifactDefinition* definition : definitions.All()) {
    if (!Supports(*definition, options.os)) continue;
    if (!ContainsIgnoringCase(definition->name, options.filter) &&
        !ContainsIgnoringCase(definition->doc, options.filter)) {
      continue;
    }
    if (console.json()) {
      console.Print(JsonText(DefinitionJson(*definition)));
    } else {
      table.Add({Printable(definition->name), Printable(absl::StrJoin(definition->supported_os, " ")),
                 FirstLine(definition->doc)});
    }
  }
  if (console.json()) return ExitCode::kOk;
  if (table.empty()) {
    console.Note(Say("No artifact fits.", "該当するアーティファクトはありません。"));
  } else {
    console.Print(table.Render());
  }
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> ShowArtifact(Invocation& invocation, const ArtifactOptions& options) {
  Console& console = invocation.console;
  HOZEN_ASSIGN_OR_RETURN(const ArtifactDefinitions definitions, LoadDefinitions(options.folders));
  const std::string os = options.os.empty() ? "linux" : options.os;
  // Also says what is meant where the name is not known.
  HOZEN_ASSIGN_OR_RETURN(const ResolvedArtifacts resolved, definitions.Resolve({options.name}, os));
  const ArtifactDefinition* definition = definitions.Find(options.name);
  if (definition == nullptr) return absl::NotFoundError(Printable(options.name));
  if (console.json()) {
    Json json = DefinitionJson(*definition);
    json["resolved_for"] = os;
    json["targets"] = Json::array();
    for (const v1::Target& target : resolved.targets) json["targets"].push_back(TargetJson(target));
    json["not_run"] = Json::array();
    for (const NotRun& not_run : resolved.not_run) {
      json["not_run"].push_back({{"artifact", Printable(not_run.artifact)},
                                 {"source_type", Printable(not_run.source_type)},
                                 {"reason", PrintableLine(not_run.reason)}});
    }
    console.Print(JsonDocument(json));
    return ExitCode::kOk;
  }
  console.Print(console.Paint(Console::Colour::kBold, Printable(definition->name)));
  for (const auto& line : absl::StrSplit(definition->doc, '\n')) console.Print(Concat("  ", Printable(StdView(line))));
  console.Print(RenderProperties({
      {Text("also called", "別名"), Printable(absl::StrJoin(definition->aliases, ", "))},
      {Text("systems", "システム"), Printable(absl::StrJoin(definition->supported_os, ", "))},
      {Text("defined in", "定義元"), Printable(definition->origin)},
      {Text("read more", "参考"), Printable(absl::StrJoin(definition->urls, "  "))},
  }));
  console.Print(Concat(Say("On ", "対象システム: "), Printable(os), Say(" it collects:", "。収集するもの:")));
  for (const v1::Target& target : resolved.targets) {
    console.Print(Concat(
        "  ", TargetInWords(target),
        target.artifact() == definition->name ? std::string() : Concat("  (", Printable(target.artifact()), ")")));
  }
  if (resolved.targets.empty()) console.Print(Say("  nothing", "  なし"));
  if (!resolved.not_run.empty()) console.Print(Say("Not run:", "実行しないもの:"));
  for (const NotRun& not_run : resolved.not_run) {
    console.Print(Concat("  ", Printable(not_run.artifact), " ", Printable(not_run.source_type), ": ",
                         PrintableLine(not_run.reason)));
  }
  return ExitCode::kOk;
}

std::string_view StateName(SourceCoverage::State state) {
  switch (state) {
    case SourceCoverage::State::kRuns:
      return "runs";
    case SourceCoverage::State::kRunsPartly:
      return "runs-partly";
    case SourceCoverage::State::kDoesNotRun:
      return "does-not-run";
    case SourceCoverage::State::kOtherSystem:
      return "other-system";
  }
  return "?";
}

struct TypeCount {
  uint64_t runs = 0;
  uint64_t runs_partly = 0;
  uint64_t does_not_run = 0;
  uint64_t other_system = 0;

  void Add(SourceCoverage::State state) {
    switch (state) {
      case SourceCoverage::State::kRuns:
        ++runs;
        return;
      case SourceCoverage::State::kRunsPartly:
        ++runs_partly;
        return;
      case SourceCoverage::State::kDoesNotRun:
        ++does_not_run;
        return;
      case SourceCoverage::State::kOtherSystem:
        ++other_system;
        return;
    }
  }
};

void PrintCoverage(Console& console, const std::vector<SourceCoverage>& all) {
  std::map<std::string, TypeCount> types;
  TypeCount sum;
  for (const SourceCoverage& one : all) {
    types[one.type].Add(one.state);
    sum.Add(one.state);
  }
  Table table({{Title(console, "SOURCE TYPE", "種類")},
               {Title(console, "RUN", "実行"), Table::Align::kRight},
               {Title(console, "PARTLY", "一部"), Table::Align::kRight},
               {Title(console, "NOT RUN", "実行せず"), Table::Align::kRight},
               {Title(console, "OTHER SYSTEMS", "他システム"), Table::Align::kRight}});
  const auto add = [&table](const std::string& type, const TypeCount& count) {
    table.Add(
        {type, Concat(count.runs), Concat(count.runs_partly), Concat(count.does_not_run), Concat(count.other_system)});
  };
  for (const auto& [type, count] : types) add(Printable(type), count);
  add(Text("all", "合計"), sum);
  console.Print(table.Render());
  if (sum.runs_partly + sum.does_not_run == 0) return;
  console.Print(Say("\nNot run, or not all of it:", "\n実行しないもの（一部を含む）:"));
  for (const SourceCoverage& one : all) {
    for (const std::string& reason : one.reasons) {
      if (one.state == SourceCoverage::State::kOtherSystem) continue;
      console.Print(Concat("  ", Printable(one.artifact), " ", Printable(one.type), ": ", PrintableLine(reason)));
    }
  }
}

absl::StatusOr<ExitCode> CoverArtifacts(Invocation& invocation, const ArtifactOptions& options) {
  Console& console = invocation.console;
  HOZEN_ASSIGN_OR_RETURN(const ArtifactDefinitions definitions, LoadDefinitions(options.folders));
  HOZEN_ASSIGN_OR_RETURN(const std::vector<SourceCoverage> all,
                         Coverage(definitions, options.os.empty() ? "linux" : options.os,
                                  options.offline ? HostState::kOffline : HostState::kRunning));
  if (!console.json()) {
    PrintCoverage(console, all);
    return ExitCode::kOk;
  }
  for (const SourceCoverage& one : all) {
    Json json;
    json["artifact"] = Printable(one.artifact);
    json["source_type"] = Printable(one.type);
    json["state"] = StateName(one.state);
    json["reasons"] = Json::array();
    for (const std::string& reason : one.reasons) json["reasons"].push_back(PrintableLine(reason));
    console.Print(JsonText(json));
  }
  return ExitCode::kOk;
}

}  // namespace

void AddArtifactCommands(Command app, Invocation& invocation) {
  const Command artifacts = app.AddCommand("artifacts", Text("Named definitions of what to collect (ForensicArtifacts)",
                                                             "収集対象の定義（ForensicArtifacts）を調べる"));
  artifacts.RequireCommand();
  auto options = std::make_shared<ArtifactOptions>();
  const auto add_common = [&](Command command) {
    command.AddOption("--os", options->os, Text("linux, windows, darwin", "linux, windows, darwin")).TypeName("SYSTEM");
    command
        .AddOption("--definitions", options->folders,
                   Text("Folder of definitions (.yaml, KAPE's .tkape) to use in place of /usr/share/artifacts; may be "
                        "given again",
                        "/usr/share/artifacts の代わりに使う定義フォルダ（.yaml、KAPE の .tkape。複数指定可）"))
        .OneValueEach()
        .TypeName("DIR");
    command.Footer(Text(
        "Definitions come from /usr/share/artifacts (Debian's forensic-artifacts) and Hozen's own, which\n"
        "HOZEN_DEFINITIONS can name.\n\n"
        "Examples:\n  hozen artifacts list cron --os linux\n  hozen artifacts show LinuxCronTabs\n"
        "  hozen artifacts coverage --os windows",
        "定義は /usr/share/artifacts（Debian の forensic-artifacts）と Hozen 独自のもの（HOZEN_DEFINITIONS で\n"
        "指定可能）を使います。\n\n例:\n  hozen artifacts list cron --os linux\n  hozen artifacts show LinuxCronTabs\n"
        "  hozen artifacts coverage --os windows"));
  };
  const Command list =
      artifacts.AddCommand("list", Text("List them; with --json one a line", "一覧表示する（--json では 1 行 1 件）"));
  list.AddOption("FILTER", options->filter,
                 Text("Only those whose name or description contains this", "名前か説明にこの文字列を含むものだけ"));
  add_common(list);
  list.OnGiven([&invocation, options] {
    invocation.chosen = [&invocation, options] { return ListArtifacts(invocation, *options); };
  });
  const Command coverage = artifacts.AddCommand(
      "coverage", Text("Count what runs on a system by source type, with the reason for each source that does not",
                       "対象システムで実行される定義を種類別に数え、実行されないものの理由を示す"));
  coverage.AddFlag("--offline", options->offline,
                   Text("Of a disk that does not run, in place of a running host",
                        "稼働中のホストではなく、停止状態のディスクについて数える"));
  add_common(coverage);
  coverage.OnGiven([&invocation, options] {
    invocation.chosen = [&invocation, options] { return CoverArtifacts(invocation, *options); };
  });
  const Command show = artifacts.AddCommand(
      "show", Text("Show one, and what it means on a system", "1 つを表示し、対象システムで何を収集するかを示す"));
  show.AddOption("NAME", options->name, Text("Its name or alias", "名前または別名")).Required();
  add_common(show);
  show.OnGiven([&invocation, options] {
    invocation.chosen = [&invocation, options] { return ShowArtifact(invocation, *options); };
  });
}

}  // namespace hozen
