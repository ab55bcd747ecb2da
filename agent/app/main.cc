// hozen-agent: what runs on a host. Flags, wiring, signals; everything else is in the other rooms.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
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

std::string Text(std::string_view english, std::string_view japanese) { return std::string(Say(english, japanese)); }

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

  CLI::App app(Text("Hozen's agent: collects what a signed plan orders and streams it to the collector.",
                    "Hozen のエージェント: 署名された計画に従って証拠を収集し、コレクターへ送ります。"));
  app.set_version_flag("--version", std::string(hozen::kHozenVersion));
  app.require_subcommand(1);
  app.footer(Text("Exit status: 0 done; 1 failed; 2 wrong use; 3 the state folder (not enrolled, enrolled already,\n"
                  "damaged, or in use by another agent); 4 refused by the collector; 5 the collector was not reached.",
                  "終了コード: 0 成功、1 失敗、2 使い方の誤り、3 状態フォルダ (未登録、登録済み、破損、使用中)、\n"
                  "4 コレクターによる拒否、5 コレクターに接続できません。") +
             kExamples);

  hozen::EnrollFlags enroll;
  CLI::App* enroll_command =
      app.add_subcommand("enroll", Text("Make this host one of the customer's", "このホストを登録する"));
  enroll_command->add_option("--collector", enroll.collector, "HOST:PORT")->required();
  CLI::Option* token = enroll_command->add_option("--token", enroll.token, "hzt1....");
  CLI::Option* token_file = enroll_command->add_option("--token-file", enroll.token_file,
                                                       Text("A file with the token; other users cannot see it there",
                                                            "トークンを書いたファイル (他の利用者に見えません)"));
  token->excludes(token_file);
  enroll_command->add_option("--state", enroll.state, Text("The state folder", "状態フォルダ"))->required();

  hozen::ServeFlags serve;
  CLI::App* run_command =
      app.add_subcommand("run", Text("Run until SIGTERM or SIGINT", "SIGTERM か SIGINT まで動作する"));
  run_command->add_option("--state", serve.state, Text("The state folder", "状態フォルダ"))->required();
  run_command->add_flag("--normal-priority", serve.normal_priority,
                        Text("Do not step back behind the host's own work", "優先度を下げない"));

  std::string status_state;
  bool json = false;
  CLI::App* status_command = app.add_subcommand("status", Text("Say how this agent fares", "状態を表示する"));
  status_command->add_option("--state", status_state, Text("The state folder", "状態フォルダ"))->required();
  status_command->add_flag("--json", json, Text("One JSON document", "JSON で出力する"));

  hozen::ServiceCommands service;
  service.AddTo(app);

  if (argc > 0) app.name(argv[0]);
  std::reverse(words.begin(), words.end());  // the last one first is how the parser wants them
  try {
    app.parse(words);
  } catch (const CLI::ParseError& error) {
    // Help and version are "errors" with status 0.
    return app.exit(error) == 0 ? hozen::kExitOk : hozen::kExitUsage;
  }
  if (enroll_command->parsed()) {
    if (enroll.token.empty() && enroll.token_file.empty()) {
      std::cerr << Say("Give the token with --token or --token-file.",
                       "--token か --token-file でトークンを指定してください。")
                << "\n";
      return hozen::kExitUsage;
    }
    return hozen::RunEnroll(enroll);
  }
  if (const std::optional<int> status = service.Run(); status.has_value()) return *status;
  if (run_command->parsed()) return hozen::RunAgent(serve);
  return hozen::RunStatus(status_state, json);
}
