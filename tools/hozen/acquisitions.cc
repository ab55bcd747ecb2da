#include <memory>
#include <string>
#include <vector>

#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"
#include "core/command_line/command_line.h"
#include "tools/hozen/argument_types.h"
#include "tools/hozen/commands.h"
#include "tools/hozen/failed_targets.h"
#include "tools/hozen/follow.h"
#include "tools/hozen/id_prefix.h"
#include "tools/hozen/json_rendering.h"
#include "tools/hozen/quantity.h"
#include "tools/hozen/table.h"
#include "tools/hozen/text_rendering.h"

namespace hozen {
namespace {

struct ListOptions {
  std::string host;
  std::string hunt;
  uint32_t most = 50;
};

std::string HowMuch(const v1::Acquisition& acquisition) {
  if (acquisition.has_manifest()) return FormatSize(acquisition.manifest().stream_bytes());
  const v1::Progress& progress = acquisition.progress();
  if (progress.expected_bytes() > 0 && progress.expected_bytes() >= progress.read_bytes()) {
    const double part = static_cast<double>(progress.read_bytes()) / static_cast<double>(progress.expected_bytes());
    return Concat(static_cast<int>(part * 100), " %");
  }
  return progress.read_bytes() == 0 ? "" : FormatSize(progress.read_bytes());
}

std::string Failed(const v1::Acquisition& acquisition) {
  const uint64_t failed = acquisition.has_manifest()
                              ? acquisition.manifest().failed_items() + acquisition.manifest().failed_targets()
                              : acquisition.progress().failed_items();
  return failed == 0 ? "" : FormatCount(failed);
}

absl::StatusOr<ExitCode> List(Invocation& invocation, const ListOptions& options) {
  Console& console = invocation.console;
  HOZEN_ASSIGN_OR_RETURN(const Session session, invocation.OpenAsOperator());
  v1::ListAcquisitionsRequest request;
  request.set_most(options.most);
  if (!options.host.empty()) {
    HOZEN_ASSIGN_OR_RETURN(const v1::Host host, ResolveHost(*session.collector, options.host));
    request.set_host_id(host.host_id());
  }
  if (!options.hunt.empty()) {
    HOZEN_ASSIGN_OR_RETURN(*request.mutable_hunt_id(), ResolveHunt(*session.collector, options.hunt));
  }
  HOZEN_ASSIGN_OR_RETURN(const v1::ListAcquisitionsResponse response, session.collector->ListAcquisitions(request));
  if (console.json()) {
    Json json;
    json["acquisitions"] = Json::array();
    for (const v1::Acquisition& acquisition : response.acquisitions()) {
      json["acquisitions"].push_back(AcquisitionJson(acquisition));
    }
    console.Print(JsonDocument(json));
    return ExitCode::kOk;
  }
  if (response.acquisitions().empty()) {
    console.Note(Say("No acquisition yet. To order one: hozen collect HOST --artifacts NAME",
                     "取得はまだありません。指示するには: hozen collect 端末 --artifacts 名前"));
    return ExitCode::kOk;
  }
  Table table({{Title(console, "ACQUISITION", "取得 ID")},
               {Title(console, "CREATED", "作成")},
               {Title(console, "HOST", "端末")},
               {Title(console, "STATE", "状態")},
               {Title(console, "BYTES", "量"), Table::Align::kRight},
               {Title(console, "FAILED", "失敗"), Table::Align::kRight},
               {Title(console, "BY", "指示者")},
               {Title(console, "WHAT", "内容")}});
  for (const v1::Acquisition& acquisition : response.acquisitions()) {
    table.Add({Printable(acquisition.acquisition_id()), FormatLocal(acquisition.created_unix_ns()),
               Printable(acquisition.hostname()), PaintState(console, acquisition.state()), HowMuch(acquisition),
               Failed(acquisition), Printable(acquisition.operator_name()), Printable(acquisition.summary())});
  }
  console.Print(table.Render());
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Show(Invocation& invocation, const std::string& id) {
  Console& console = invocation.console;
  HOZEN_ASSIGN_OR_RETURN(const Session session, invocation.OpenAsOperator());
  v1::GetAcquisitionRequest request;
  HOZEN_ASSIGN_OR_RETURN(*request.mutable_acquisition_id(), ResolveAcquisition(*session.collector, id));
  HOZEN_ASSIGN_OR_RETURN(const v1::Acquisition acquisition, session.collector->GetAcquisition(request));
  const std::vector<v1::TargetOutcome> failed_targets = FirstFailedTargets(*session.collector, console, acquisition);
  if (console.json()) {
    Json json = AcquisitionJson(acquisition);
    AddFailedTargets(failed_targets, json);
    console.Print(JsonDocument(json));
  } else {
    console.Print(DescribeAcquisition(console, acquisition, failed_targets));
  }
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Watch(Invocation& invocation, const std::string& id) {
  Console& console = invocation.console;
  HOZEN_ASSIGN_OR_RETURN(const Session session, invocation.OpenAsOperator());
  HOZEN_ASSIGN_OR_RETURN(const std::string acquisition_id, ResolveAcquisition(*session.collector, id));
  FollowOptions options;
  if (console.json()) {
    options.on_change = [&console](const v1::Acquisition& acquisition) {
      console.Print(JsonText(AcquisitionJson(acquisition)));
      console.out().flush();
    };
  }
  HOZEN_ASSIGN_OR_RETURN(const v1::Acquisition ended,
                         FollowAcquisition(*session.collector, console, acquisition_id, options));
  if (!console.json()) {
    console.Print(DescribeAcquisition(console, ended, FirstFailedTargets(*session.collector, console, ended)));
  }
  return ExitCodeOf(ended.state());
}

absl::StatusOr<ExitCode> Cancel(Invocation& invocation, const std::string& id) {
  Console& console = invocation.console;
  HOZEN_ASSIGN_OR_RETURN(const Session session, invocation.OpenAsOperator());
  v1::CancelAcquisitionRequest request;
  HOZEN_ASSIGN_OR_RETURN(*request.mutable_acquisition_id(), ResolveAcquisition(*session.collector, id));
  HOZEN_RETURN_IF_ERROR(session.collector->CancelAcquisition(request));
  if (console.json()) {
    Json json;
    json["acquisition_id"] = request.acquisition_id();
    json["cancel_requested"] = true;
    console.Print(JsonDocument(json));
  } else {
    console.Print(Concat(
        Say("Asked to end ", "終了を要求しました: "), request.acquisition_id(),
        Say("; what it has by then is still committed and listed.", "（それまでに取得したものは保存されます）")));
  }
  return ExitCode::kOk;
}

using OnId = absl::StatusOr<ExitCode> (*)(Invocation&, const std::string&);

Command AddIdCommand(Command app, Invocation& invocation, const std::string& name, const std::string& description,
                     OnId run) {
  const Command command = app.AddCommand(name, description);
  auto id = std::make_shared<std::string>();
  command
      .AddOption(
          "ID", *id,
          Text("The acquisition: its id, the start of it, or \"last\"", "取得 ID（先頭部分、または \"last\" も可）"))
      .Required();
  command.OnGiven(
      [&invocation, id, run] { invocation.chosen = [&invocation, id, run] { return run(invocation, *id); }; });
  return command;
}

}  // namespace

void AddAcquisitionCommands(Command app, Invocation& invocation) {
  const Command list =
      app.AddCommand("acquisitions", Text("List acquisitions, the newest first", "取得を新しい順に一覧表示する"));
  auto options = std::make_shared<ListOptions>();
  list.AddOption("--host", options->host, Text("Only those of this host", "この端末のものだけ")).TypeName("HOST");
  list.AddOption("--hunt", options->hunt, Text("Only those of this hunt", "このハントのものだけ")).TypeName("HUNT");
  list.AddOption("--most", options->most, Text("At most so many (default 50)", "最大件数（既定 50）"))
      .Between(1u, 1'000'000u)
      .TypeName("N");
  list.Footer(
      Text("With --json: one document, {\"acquisitions\": [...]}.\n\nExamples:\n  hozen acquisitions\n"
           "  hozen acquisitions --host web01 --most 5",
           "--json では 1 つの文書 {\"acquisitions\": [...]} を出力します。\n\n例:\n  hozen acquisitions\n"
           "  hozen acquisitions --host web01 --most 5"));
  list.OnGiven(
      [&invocation, options] { invocation.chosen = [&invocation, options] { return List(invocation, *options); }; });

  AddIdCommand(app, invocation, "show", Text("Show one acquisition", "取得の詳細を表示する"), Show)
      .Footer(Text("Examples:\n  hozen show last\n  hozen show 3f2a --json",
                   "例:\n  hozen show last\n  hozen show 3f2a --json"));
  AddIdCommand(app, invocation, "watch",
               Text("Watch an acquisition until it has ended", "取得の終了まで経過を表示する"), Watch)
      .Footer(Text(
          "With --json: a line for each change. Exit codes as with --wait: 0 complete, 3 complete with failures,\n"
          "8 refused, failed or expired.\n\nExample:\n  hozen watch last",
          "--json では変化ごとに 1 行を出力します。終了コード: 0 完了、3 完了（失敗あり）、8 拒否・失敗・期限切れ。\n\n"
          "例:\n  hozen watch last"));
  AddIdCommand(app, invocation, "cancel", Text("End an acquisition early", "取得を早期に終了する"), Cancel)
      .Footer(Text("What it has is still committed, and the manifest says that it was cancelled.\n\nExample:\n  hozen "
                   "cancel 3f2a",
                   "取得済みのものは保存され、マニフェストに取り消しが記録されます。\n\n例:\n  hozen cancel 3f2a"));
}

}  // namespace hozen
