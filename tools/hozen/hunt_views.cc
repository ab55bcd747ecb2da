// Looking at hunts: all of them, one of them, and its hosts.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/language.h"
#include "core/base/status_macros.h"
#include "core/command_line/command_line.h"
#include "tools/hozen/argument_types.h"
#include "tools/hozen/commands.h"
#include "tools/hozen/follow.h"
#include "tools/hozen/hunt_rendering.h"
#include "tools/hozen/id_prefix.h"
#include "tools/hozen/json_rendering.h"

namespace hozen {
namespace {

struct ShowOptions {
  std::string hunt;
  bool hosts = false;
  bool watch = false;
  std::vector<std::string> states;
};

absl::StatusOr<ExitCode> List(Invocation& invocation, uint32_t most) {
  Console& console = invocation.console;
  HOZEN_ASSIGN_OR_RETURN(const Session session, invocation.OpenAsOperator());
  v1::ListHuntsRequest request;
  request.set_most(most);
  HOZEN_ASSIGN_OR_RETURN(const v1::ListHuntsResponse response, session.collector->ListHunts(request));
  if (console.json()) {
    Json json;
    json["hunts"] = Json::array();
    for (const v1::Hunt& hunt : response.hunts()) json["hunts"].push_back(HuntJson(hunt));
    console.Print(JsonDocument(json));
  } else if (response.hunts().empty()) {
    console.Note(Say("No hunt yet. To start one: hozen hunt start --label LABEL --artifacts NAME",
                     "ハントはまだありません。開始するには: hozen hunt start --label ラベル --artifacts 名前"));
  } else {
    console.Print(HuntTable(console, {response.hunts().begin(), response.hunts().end()}));
  }
  return ExitCode::kOk;
}

absl::StatusOr<std::vector<v1::HuntHost>> HostsOf(Collector& collector, const std::string& hunt_id,
                                                  const ShowOptions& options) {
  v1::ListHuntHostsRequest request;
  request.set_hunt_id(hunt_id);
  for (int state = v1::HuntHost::State_MIN; state <= v1::HuntHost::State_MAX; ++state) {
    const auto value = static_cast<v1::HuntHost::State>(state);
    for (const std::string& name : options.states) {
      if (name == StateName(value)) request.add_states(value);
    }
  }
  std::vector<v1::HuntHost> hosts;
  HOZEN_RETURN_IF_ERROR(collector.ListHuntHosts(request, [&hosts](const v1::HuntHost& host) {
    hosts.push_back(host);
    return absl::OkStatus();
  }));
  return hosts;
}

absl::StatusOr<v1::Hunt> Watched(Console& console, Collector& collector, const std::string& hunt_id) {
  std::function<void(const v1::Hunt&)> on_change;
  if (console.json()) {
    on_change = [&console](const v1::Hunt& hunt) {
      console.Print(JsonText(HuntJson(hunt)));
      console.out().flush();
    };
  }
  return FollowHunt(collector, console, hunt_id, on_change);
}

absl::StatusOr<ExitCode> Show(Invocation& invocation, const ShowOptions& options) {
  Console& console = invocation.console;
  HOZEN_ASSIGN_OR_RETURN(const Session session, invocation.OpenAsOperator());
  HOZEN_ASSIGN_OR_RETURN(const std::string hunt_id, ResolveHunt(*session.collector, options.hunt));
  v1::Hunt hunt;
  if (options.watch) {
    HOZEN_ASSIGN_OR_RETURN(hunt, Watched(console, *session.collector, hunt_id));
    if (console.json()) return ExitCodeOf(hunt);
  } else {
    v1::GetHuntRequest request;
    request.set_hunt_id(hunt_id);
    HOZEN_ASSIGN_OR_RETURN(hunt, session.collector->GetHunt(request));
  }
  std::vector<v1::HuntHost> hosts;
  const bool with_hosts = options.hosts || !options.states.empty();
  if (with_hosts) {
    HOZEN_ASSIGN_OR_RETURN(hosts, HostsOf(*session.collector, hunt_id, options));
  }
  if (console.json()) {
    Json json = HuntJson(hunt);
    if (with_hosts) {
      json["by_host"] = Json::array();
      for (const v1::HuntHost& host : hosts) json["by_host"].push_back(HuntHostJson(host));
    }
    console.Print(JsonDocument(json));
  } else {
    console.Print(DescribeHunt(console, hunt));
    if (with_hosts) console.Print("\n" + HuntHostTable(console, hosts));
  }
  return options.watch ? ExitCodeOf(hunt) : ExitCode::kOk;
}

std::vector<std::string> StateNames() {
  std::vector<std::string> names;
  for (int state = v1::HuntHost::State_MIN + 1; state <= v1::HuntHost::State_MAX; ++state) {
    names.push_back(StateName(static_cast<v1::HuntHost::State>(state)));
  }
  return names;
}

}  // namespace

void AddHuntViewCommands(Command hunt, Invocation& invocation) {
  const Command list = hunt.AddCommand("list", Text("List hunts, the newest first", "ハントを新しい順に一覧表示する"));
  auto most = std::make_shared<uint32_t>(20);
  list.AddOption("--most", *most, Text("At most so many (default 20)", "最大件数（既定 20）"))
      .Between(1u, 1000u)
      .TypeName("N");
  list.Footer(Text("With --json: one document, {\"hunts\": [...]}.\n\nExample:\n  hozen hunt list",
                   "--json では 1 つの文書 {\"hunts\": [...]} を出力します。\n\n例:\n  hozen hunt list"));
  list.OnGiven([&invocation, most] { invocation.chosen = [&invocation, most] { return List(invocation, *most); }; });

  const Command show = hunt.AddCommand("show", Text("Show a hunt and its hosts", "ハントとその端末を表示する"));
  auto options = std::make_shared<ShowOptions>();
  show.AddOption("HUNT", options->hunt,
                 Text("The hunt: its id, the start of it, or \"last\"", "ハント ID（先頭部分、または \"last\" も可）"))
      .Required();
  show.AddFlag("--hosts", options->hosts, Text("Also each of its hosts", "各端末の状態も表示する"));
  show.AddOption("--state", options->states,
                 Text("Of its hosts those in this state; may be given again", "この状態の端末だけ（複数指定可）"))
      .OneValueEach()
      .OneOf(StateNames());
  show.AddFlag("--watch", options->watch,
               Text("Stay until no host is at work any more", "実行中の端末がなくなるまで見守る"));
  show.Footer(Text(
      "With --json: one document, the hunt, with its hosts in by_host; with --watch a line for each change.\n"
      "Exit codes of --watch: 0 every host is complete, 8 none has evidence, else 3.\n\n"
      "Examples:\n  hozen hunt show last --watch\n  hozen hunt show 3f2a --hosts\n  hozen hunt show last --state "
      "failed",
      "--json では 1 つの文書（端末は by_host）、--watch では変化ごとに 1 行を出力します。\n"
      "--watch の終了コード: 全端末が完了なら 0、証拠のある端末がなければ 8、それ以外は 3。\n\n"
      "例:\n  hozen hunt show last --watch\n  hozen hunt show 3f2a --hosts\n  hozen hunt show last --state failed"));
  show.OnGiven(
      [&invocation, options] { invocation.chosen = [&invocation, options] { return Show(invocation, *options); }; });
}

}  // namespace hozen
