// hozen-agent: what runs on a host. Flags, wiring, signals; everything else is in the other rooms.
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "agent/app/commands.h"
#include "agent/app/reader_program.h"
#include "agent/app/service_commands.h"
#include "agent/platform/heap.h"
#include "agent/platform/process_start.h"
#include "core/base/file.h"
#include "core/base/language.h"
#include "core/base/tls_only_1_3.h"
#include "core/base/version.h"
#include "core/command_line/command_line.h"

namespace {

using hozen::Say;

constexpr char kExamples[] = R"(

Examples:
  # Once, with a token from `hozen token create`; a file keeps it out of the process list
  hozen-agent enroll --collector collector.example.com:8443 --token-file token --state /var/lib/hozen-agent

  # For ever after; under systemd this is the service's command
  hozen-agent run --state /var/lib/hozen-agent

  # Who this agent is, and what it is doing
  hozen-agent status --state /var/lib/hozen-agent --json)";

}  // namespace

int main(int argc, char** argv) {
  hozen::ShowNoWindows();
  std::vector<std::string> words = hozen::CommandLineWords(argc, argv);
  // Nothing else of the agent may be set up in it.
  if (const std::optional<int> status = hozen::RunAsReader(words); status.has_value()) return *status;
  hozen::KeepOneHeap();
  hozen::SpeakUtf8();
  hozen::RequireTls13();
  hozen::MakeNewFilesPrivate();
  // Debian's Abseil is built to look for deadlocks at every lock, and to abort where it sees one coming: right for
  // tests, too slow and too bold on somebody's PC.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);

  hozen::CommandTree commands(Say("Hozen's agent: collects what a signed plan orders and streams it to the collector.",
                                  "Hozen のエージェント: 署名された計画に従って証拠を収集し、コレクターへ送ります。"),
                              argc > 0 ? argv[0] : "");
  const hozen::Command app = commands.root();
  commands.SetVersion(hozen::kHozenVersion);
  app.RequireCommand();
  app.Footer(std::string(Say(
                 "Exit status: 0 done; 1 failed; 2 wrong use; 3 the state folder (not enrolled, enrolled already,\n"
                 "damaged, or in use by another agent); 4 refused by the collector; 5 the collector was not reached.",
                 "終了コード: 0 成功、1 失敗、2 使い方の誤り、3 状態フォルダ (未登録、登録済み、破損、使用中)、\n"
                 "4 コレクターによる拒否、5 コレクターに接続できません。")) +
             kExamples);

  hozen::EnrollFlags enroll;
  const hozen::Command enroll_command =
      app.AddCommand("enroll", Say("Make this host one of the customer's", "このホストを登録する"));
  enroll_command.AddOption("--collector", enroll.collector, "HOST:PORT").Required();
  const hozen::Option token = enroll_command.AddOption("--token", enroll.token, "hzt1....");
  const hozen::Option token_file =
      enroll_command.AddOption("--token-file", enroll.token_file,
                               Say("A file with the token; other users cannot see it there",
                                   "トークンを書いたファイル (他の利用者に見えません)"));
  token.Excludes(token_file);
  enroll_command.AddOption("--state", enroll.state, Say("The state folder", "状態フォルダ")).Required();

  hozen::ServeFlags serve;
  const hozen::Command run_command =
      app.AddCommand("run", Say("Run until SIGTERM or SIGINT", "SIGTERM か SIGINT まで動作する"));
  run_command.AddOption("--state", serve.state, Say("The state folder", "状態フォルダ")).Required();
  run_command.AddFlag("--normal-priority", serve.normal_priority,
                      Say("Do not step back behind the host's own work", "優先度を下げない"));

  std::string status_state;
  bool json = false;
  const hozen::Command status_command = app.AddCommand("status", Say("Say how this agent fares", "状態を表示する"));
  status_command.AddOption("--state", status_state, Say("The state folder", "状態フォルダ")).Required();
  status_command.AddFlag("--json", json, Say("One JSON document", "JSON で出力する"));

  hozen::ServiceCommands service;
  service.AddTo(app);

  const hozen::ParseResult parsed = commands.Parse(std::move(words));
  if (parsed.kind == hozen::ParseResult::Kind::kAnswer) {
    std::cout << parsed.text;
    return hozen::kExitOk;
  }
  if (parsed.kind == hozen::ParseResult::Kind::kMisuse) {
    std::cerr << parsed.text;
    return hozen::kExitUsage;
  }
  if (enroll_command.WasGiven()) {
    if (enroll.token.empty() && enroll.token_file.empty()) {
      std::cerr << Say("Give the token with --token or --token-file.",
                       "--token か --token-file でトークンを指定してください。")
                << "\n";
      return hozen::kExitUsage;
    }
    return hozen::RunEnroll(enroll);
  }
  if (const std::optional<int> status = service.Run(); status.has_value()) return *status;
  if (run_command.WasGiven()) return hozen::RunAgent(serve);
  return hozen::RunStatus(status_state, json);
}
