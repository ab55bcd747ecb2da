// One plan on many hosts: signed here over all of their ids, carried out by the collector host by host.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"
#include "core/command_line/command_line.h"
#include "core/crypto/key.h"
#include "core/plan/plan.h"
#include "tools/hozen/argument_types.h"
#include "tools/hozen/commands.h"
#include "tools/hozen/follow.h"
#include "tools/hozen/hunt_rendering.h"
#include "tools/hozen/hunt_selection.h"
#include "tools/hozen/id_prefix.h"
#include "tools/hozen/json_rendering.h"
#include "tools/hozen/order_options.h"

namespace hozen {
namespace {

constexpr absl::Duration kUsualDeadline = absl::Hours(24 * 7);

struct HuntOptions {
  OrderOptions order;
  HuntSelection selection;
  std::string hosts_file;
  v1::HuntLimits limits;
  uint32_t at_once = 20;
  uint32_t stop_after_failures = 0;
  uint64_t stop_after_bytes = 0;
  bool count_incomplete = false;
  uint32_t starts_per_hour = 60 * 60;
};

absl::StatusOr<std::vector<v1::Host>> ChooseHosts(Collector& collector, const HuntOptions& options,
                                                  HuntSelection selection) {
  if (!options.hosts_file.empty()) {
    HOZEN_ASSIGN_OR_RETURN(const std::vector<std::string> names, ReadHostsFile(options.hosts_file));
    if (names.empty()) {
      return absl::InvalidArgumentError(
          Concat(Printable(options.hosts_file), ": ", Say("names no host", "端末が書かれていません")));
    }
    selection.names.insert(selection.names.end(), names.begin(), names.end());
  }
  HOZEN_ASSIGN_OR_RETURN(const v1::ListHostsResponse all, collector.ListHosts(v1::ListHostsRequest()));
  return SelectHosts(selection, all);
}

std::string InWords(const HuntOptions& options) {
  const std::string words = SelectionInWords(options.selection);
  if (options.hosts_file.empty()) return words;
  constexpr size_t kMostBytes = 1024;
  return Concat(words, words.empty() ? "" : " ", "--hosts-file ", Printable(options.hosts_file)).substr(0, kMostBytes);
}

absl::StatusOr<ExitCode> PrintStarted(Invocation& invocation, const Session& session, const HuntOptions& options,
                                      const v1::Hunt& hunt, const std::vector<NotRun>& not_run) {
  Console& console = invocation.console;
  v1::Hunt shown = hunt;
  if (options.order.wait) {
    if (!console.json()) {
      console.Note(Concat(
          Say("Hunt ", "ハント "), Printable(hunt.hunt_id()),
          Say(". Ctrl-C stops watching, not the hunt.", "。Ctrl-C で表示だけを終了します（ハントは続きます）。")));
    }
    HOZEN_ASSIGN_OR_RETURN(shown, FollowHunt(*session.collector, console, hunt.hunt_id(), nullptr));
  }
  if (console.json()) {
    Json json = HuntJson(shown);
    json["not_run"] = NotRunJson(not_run);
    console.Print(JsonDocument(json));
  } else {
    console.Print(DescribeHunt(console, shown));
    if (!options.order.wait) {
      console.Note(Concat(Say("To see how it comes along: hozen hunt show ", "経過を見るには: hozen hunt show "),
                          Printable(hunt.hunt_id()), " --watch"));
    }
  }
  return options.order.wait ? ExitCodeOf(shown) : ExitCode::kOk;
}

absl::StatusOr<ExitCode> Start(Invocation& invocation, const HuntOptions& options) {
  HOZEN_RETURN_IF_ERROR(CheckTriage(options.order));
  HOZEN_ASSIGN_OR_RETURN(const Session session, invocation.OpenAsOperator());
  HOZEN_ASSIGN_OR_RETURN(const std::vector<v1::Host> hosts,
                         ChooseHosts(*session.collector, options, options.selection));
  HOZEN_ASSIGN_OR_RETURN(const TriagePlan triage,
                         PlanTriage(invocation.console, options.order, session.credential, hosts));
  HOZEN_ASSIGN_OR_RETURN(const PrivateKey key, PrivateKey::FromPem(session.credential.private_key_pem()));
  v1::StartHuntRequest request;
  HOZEN_ASSIGN_OR_RETURN(*request.mutable_plan(),
                         SignPlan(triage.plan, key, session.credential.operator_certificate()));
  v1::HuntLimits& limits = *request.mutable_limits();
  limits.set_starts_per_hour(options.starts_per_hour);
  limits.set_at_once(options.at_once);
  limits.set_stop_after_failures(options.stop_after_failures);
  limits.set_count_incomplete(options.count_incomplete);
  limits.set_stop_after_bytes(options.stop_after_bytes);
  request.set_selection(InWords(options));
  HOZEN_ASSIGN_OR_RETURN(const v1::Hunt hunt, session.collector->StartHunt(request));
  return PrintStarted(invocation, session, options, hunt, triage.not_run);
}

absl::StatusOr<ExitCode> Retry(Invocation& invocation, const std::string& text) {
  Console& console = invocation.console;
  HOZEN_ASSIGN_OR_RETURN(const Session session, invocation.OpenAsOperator());
  v1::RetryHuntRequest request;
  HOZEN_ASSIGN_OR_RETURN(*request.mutable_hunt_id(), ResolveHunt(*session.collector, text));
  HOZEN_ASSIGN_OR_RETURN(const v1::RetryHuntResponse response, session.collector->RetryHunt(request));
  if (console.json()) {
    Json json = HuntJson(response.hunt());
    json["hosts_again"] = response.hosts();
    console.Print(JsonDocument(json));
  } else {
    console.Print(Concat(Say("Hosts that wait again: ", "再び待機する端末: "), response.hosts()));
  }
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Stop(Invocation& invocation, const std::string& text, bool cancel_running) {
  Console& console = invocation.console;
  HOZEN_ASSIGN_OR_RETURN(const Session session, invocation.OpenAsOperator());
  v1::StopHuntRequest request;
  HOZEN_ASSIGN_OR_RETURN(*request.mutable_hunt_id(), ResolveHunt(*session.collector, text));
  request.set_cancel_running(cancel_running);
  HOZEN_ASSIGN_OR_RETURN(const v1::StopHuntResponse response, session.collector->StopHunt(request));
  if (console.json()) {
    Json json = HuntJson(response.hunt());
    json["cancelled"] = response.cancelled();
    console.Print(JsonDocument(json));
    return ExitCode::kOk;
  }
  console.Print(Concat(Say("Stopped hunt ", "停止しました: "), Printable(request.hunt_id()),
                       Say("; no further host begins.", "（以後、新しい端末では開始しません）")));
  if (cancel_running) {
    console.Print(
        Concat(Say("Hosts at work that were asked to end: ", "終了を要求した実行中の端末: "), response.cancelled()));
  } else if (const uint32_t running = response.hunt().tally().running(); running > 0) {
    console.Note(Concat(Say("Hosts that still end their work: ", "作業を最後まで続ける端末: "), running));
  }
  return ExitCode::kOk;
}

void AddSelection(Command start, HuntOptions& options) {
  start
      .AddOption("--label", options.selection.labels,
                 Text("Hosts with this label; may be given again", "このラベルの端末（複数指定可）"))
      .OneValueEach()
      .TypeName("LABEL");
  start
      .AddOption("--host", options.selection.names,
                 Text("This host, by id, its start, or name; may be given again",
                      "この端末（ID、その先頭部分、名前。複数指定可）"))
      .OneValueEach()
      .TypeName("HOST");
  start
      .AddOption("--hosts-file", options.hosts_file,
                 Text("The hosts named in this file, one a line", "このファイルに 1 行 1 台で書かれた端末"))
      .TypeName("FILE");
  start
      .AddOption("--system", options.selection.system,
                 Text("Of these only hosts of this system; alone: all of them",
                      "そのうちこのシステムの端末だけ（単独指定ではすべての端末）"))
      .OneOf({"linux", "windows"});
}

void AddPace(Command start, HuntOptions& options) {
  start
      .AddReadOption(
          "--rate",
          [&options](const std::string& text) {
            HOZEN_ASSIGN_OR_RETURN(options.starts_per_hour, ParseStartRate(text));
            return absl::OkStatus();
          },
          Text("So many hosts begin, evenly spaced: 60/min (default), 2/s, 100/h",
               "開始の頻度（等間隔）: 60/min（既定）、2/s、100/h"))
      .TypeName("RATE");
  start
      .AddOption("--at-once", options.at_once,
                 Text("At most so many hosts at work at one time (default 20; 0: any number)",
                      "同時に実行する端末数の上限（既定 20。0 は無制限）"))
      .TypeName("N");
  start
      .AddOption(
          "--stop-after-failures", options.stop_after_failures,
          Text("No further host begins once so many have failed", "この台数が失敗したら新しい端末では開始しない"))
      .TypeName("N");
  start.AddFlag("--count-incomplete", options.count_incomplete,
                Text("What is complete with failures counts as failed there", "完了（失敗あり）も失敗として数える"));
  AddSizeOption(start, "--stop-after-bytes", options.stop_after_bytes,
                Text("No further host begins once all have sent so many bytes",
                     "全端末の送信量がこれに達したら新しい端末では開始しない"));
}

std::string StartFooter() {
  return Text(
             "The plan is signed here with your key and names each host, so it is for one system. Hosts that are away\n"
             "begin when they connect, until the deadline. Labels and names add up; --system narrows them.\n"
             "What runs ends by itself when a limit stops the hunt. Sizes, durations: as for hozen collect.\n"
             "With --json: one document, the hunt, with what will not run in not_run. With --wait the exit code is 0\n"
             "where every host is complete, 8 where none has evidence, else 3.\n\n"
             "Examples:",
             "計画はこの端末であなたの鍵で署名され、対象の各端末を名指しします（1 "
             "つのシステムが対象です）。未接続の端末は\n"
             "期限までに接続すると開始します。ラベルと名前は合算され、--system はそれを絞り込みます。\n"
             "上限でハントが停止しても、実行中のものは最後まで続きます。サイズと時間の書き方は hozen collect "
             "と同じです。\n"
             "--json ではハントを表す 1 つの文書を出力し、実行しないソースは not_run に入ります。--wait の終了コード:\n"
             "全端末が完了なら 0、証拠のある端末がなければ 8、それ以外は 3。\n\n例:") +
         "\n  hozen hunt start --label branch-osaka --artifacts @linux-triage --rate 60/min --reason IR-2231"
         "\n  hozen hunt start --system linux --path '/etc/cron*/**' --at-once 50 --stop-after-failures 10"
         "\n  hozen hunt start --hosts-file hosts.txt --artifacts LinuxAuthLogs --stop-after-bytes 50GiB --wait";
}

std::shared_ptr<std::string> AddHuntId(Command command) {
  auto id = std::make_shared<std::string>();
  command
      .AddOption("HUNT", *id,
                 Text("The hunt: its id, the start of it, or \"last\"", "ハント ID（先頭部分、または \"last\" も可）"))
      .Required();
  return id;
}

}  // namespace

Command AddHuntOrderCommands(Command app, Invocation& invocation) {
  const Command hunt =
      app.AddCommand("hunt", Text("One order for many hosts", "多数の端末に 1 つの指示を出す（ハント）"));
  hunt.RequireCommand();

  const Command start =
      hunt.AddCommand("start", Text("Order a triage of many hosts", "多数の端末のトリアージを指示する"));
  auto options = std::make_shared<HuntOptions>();
  options->order.deadline = kUsualDeadline;
  AddSelection(start, *options);
  AddTriageTargets(start, options->order);
  AddPace(start, *options);
  AddLimits(start, options->order,
            Text("When the hunt expires, and work ends on each host (default 7d from now)",
                 "ハントの期限。各端末の作業もここで終わる（既定: 7d 後）"));
  AddTriageLimits(start, options->order);
  start.Footer(StartFooter());
  start.OnGiven(
      [&invocation, options] { invocation.chosen = [&invocation, options] { return Start(invocation, *options); }; });

  const Command retry =
      hunt.AddCommand("retry", Text("Let failed and stopped hosts begin again", "失敗・停止した端末で再び開始する"));
  const auto retried = AddHuntId(retry);
  retry.Footer(
      Text("In the same hunt and with the same plan, so only before its deadline; it runs again where it was\n"
           "stopped. A host keeps its acquisition, in an attempt with a higher number.\n\nExample:\n  hozen "
           "hunt retry last",
           "同じハント、同じ計画で行うため、期限前に限ります。停止していたハントは再開します。\n"
           "端末の取得 ID は変わらず、試行の番号が増えます。\n\n例:\n  hozen hunt retry last"));
  retry.OnGiven(
      [&invocation, retried] { invocation.chosen = [&invocation, retried] { return Retry(invocation, *retried); }; });

  const Command stop = hunt.AddCommand("stop", Text("Let no further host begin", "新しい端末での開始をやめる"));
  const auto stopped = AddHuntId(stop);
  auto cancel_running = std::make_shared<bool>(false);
  stop.AddFlag("--cancel-running", *cancel_running,
               Text("Also end what runs; what it has is kept", "実行中のものも終了する（取得済みのものは残る）"));
  stop.Footer(Text("Examples:\n  hozen hunt stop last\n  hozen hunt stop 3f2a --cancel-running",
                   "例:\n  hozen hunt stop last\n  hozen hunt stop 3f2a --cancel-running"));
  stop.OnGiven([&invocation, stopped, cancel_running] {
    invocation.chosen = [&invocation, stopped, cancel_running] { return Stop(invocation, *stopped, *cancel_running); };
  });
  return hunt;
}

}  // namespace hozen
