// hozen: the operators' command line. The only place where its parts are put together.
#include <clocale>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/log.h"
#include "core/base/printable.h"
#include "core/base/tls_only_1_3.h"
#include "core/base/version.h"
#include "core/command_line/command_line.h"
#include "tools/hozen/argument_types.h"
#include "tools/hozen/commands.h"
#include "tools/hozen/console.h"
#include "tools/hozen/credentials.h"
#include "tools/hozen/exit_code.h"
#include "tools/hozen/json_rendering.h"

namespace hozen {
namespace {

// Help is written in the user's language, and errors as they are asked for: both are known before anything else is.
void LookAhead(int argc, char** argv, Console& console) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--json") console.options().json = true;
    std::string_view language;
    if (argument == "--") return;
    if (argument.starts_with("--lang=")) language = argument.substr(7);
    if (argument == "--lang" && i + 1 < argc) language = argv[i + 1];
    if (language == "ja") SetUserLanguage(Language::kJapanese);
    if (language == "en") SetUserLanguage(Language::kEnglish);
  }
}

std::string Footer() {
  return Text(
      "Exit codes:\n"
      "  0  done\n"
      "  1  failed for a reason that has no number of its own\n"
      "  2  usage: an argument is missing or wrong\n"
      "  3  --wait, watch: the acquisition is complete with failures; hozen items ID --failed lists them\n"
      "  4  verification failed: bytes, a signature or a proof are wrong\n"
      "  5  not permitted: no credential, one that is not accepted, or a role that may not\n"
      "  6  the collector cannot be reached or does not answer\n"
      "  7  not found: a host, acquisition, item, artifact or file\n"
      "  8  --wait, watch: refused, failed or expired; there is no evidence\n"
      "  9  the collector is out of room\n\n"
      "Environment:\n"
      "  HOZEN_HOME         where the credential in use is kept (default ~/.config/hozen)\n"
      "  HOZEN_DEFINITIONS  folder of Hozen's own artifact definitions\n"
      "  NO_COLOR           no colour\n\n"
      "Output goes to standard output, progress and notes to standard error. With --json output is one JSON document, "
      "or\n"
      "one JSON object a line where it streams (items, search, timeline, watch, hunt show --watch, custody, artifacts\n"
      "list), and errors are JSON on standard error. Ids may be shortened as long as they are unique; \"last\" is the "
      "newest.\n\n"
      "Examples:\n"
      "  hozen login alice.credential\n"
      "  hozen hosts\n"
      "  hozen collect web01 --artifacts LinuxAuthLogs,LinuxCronTabs --wait\n"
      "  hozen image web01 --disk /dev/sda --wait\n"
      "  hozen hunt start --label branch-osaka --artifacts @linux-triage\n"
      "  hozen export last --format zip --out case.zip\n"
      "  hozen verify case.zip --authority acme-authority.pub",
      "終了コード:\n"
      "  0  成功\n"
      "  1  その他の失敗\n"
      "  2  引数の誤り\n"
      "  3  --wait, watch: 取得は完了したが失敗した項目がある（hozen items ID --failed で一覧）\n"
      "  4  検証の失敗: データ・署名・証明のいずれかが正しくない\n"
      "  5  権限なし: 資格情報がない、受け付けられない、または役割が足りない\n"
      "  6  コレクタに接続できない、または応答がない\n"
      "  7  端末・取得・項目・アーティファクト・ファイルが見つからない\n"
      "  8  --wait, watch: 拒否・失敗・期限切れで証拠がない\n"
      "  9  コレクタの空き容量不足\n\n"
      "環境変数:\n"
      "  HOZEN_HOME         使用中の資格情報の保存先（既定 ~/.config/hozen）\n"
      "  HOZEN_DEFINITIONS  Hozen 独自のアーティファクト定義のフォルダ\n"
      "  NO_COLOR           色を使わない\n\n"
      "結果は標準出力、経過と注意は標準エラー出力に表示します。--json では結果を 1 つの JSON 文書（items, search, "
      "timeline, "
      "watch,\n"
      "hunt show --watch, custody, artifacts list では 1 行に 1 つの JSON）で、エラーも JSON "
      "で標準エラー出力に出力します。\n"
      "ID は一意であれば短縮できます。\"last\" は最新の取得です。\n\n"
      "例:\n"
      "  hozen login alice.credential\n"
      "  hozen hosts\n"
      "  hozen collect web01 --artifacts LinuxAuthLogs,LinuxCronTabs --wait\n"
      "  hozen image web01 --disk /dev/sda --wait\n"
      "  hozen hunt start --label branch-osaka --artifacts @linux-triage\n"
      "  hozen export last --format zip --out case.zip\n"
      "  hozen verify case.zip --authority acme-authority.pub");
}

void ReportFailure(Console& console, const absl::Status& status, ExitCode code) {
  if (console.json()) {
    Json json;
    json["error"]["code"] = absl::StatusCodeToString(status.code());
    json["error"]["message"] = std::string(status.message());
    json["error"]["exit_code"] = static_cast<int>(code);
    console.err() << JsonText(json) << std::endl;
  } else {
    console.err() << "hozen: " << std::string(status.message()) << std::endl;
  }
}

int Run(Console& console, Invocation& invocation) {
  absl::StatusOr<ExitCode> ended = absl::InternalError("no command was chosen");
  try {
    if (invocation.chosen) ended = invocation.chosen();
  } catch (const std::exception& exception) {
    ended = absl::InternalError(exception.what());
  }
  console.out().flush();
  if (ended.ok() && !console.out().good()) {
    ended = absl::UnknownError(AbslView(Say("standard output cannot be written to", "標準出力に書き込めません")));
  }
  if (ended.ok()) return static_cast<int>(*ended);
  const ExitCode code = ExitCodeOf(ended.status());
  ReportFailure(console, ended.status(), code);
  return static_cast<int>(code);
}

int Main(int argc, char** argv) {
  RequireTls13();
  std::setlocale(LC_CTYPE, "");
  std::ios::sync_with_stdio(false);
  SetLogLevel(Severity::kWarning);
  Console console(std::cout, std::cerr);
  console.options() = Console::DetectOptions();
  LookAhead(argc, argv, console);
  Invocation invocation(console);
  invocation.home = HomeFolder();

  CommandTree commands(Say("Hozen: order, watch, examine and prove acquisitions of forensic evidence.",
                           "Hozen（保全）: 証拠の取得を指示し、経過を見守り、内容を調べ、証明する。"),
                       "hozen");
  const Command app = commands.root();
  app.FallThrough();
  app.RequireCommand();
  commands.SetVersion(Concat("hozen ", kHozenVersion));
  commands.SetHelpFlag("-h,--help", Text("Print this help, or a command's", "ヘルプを表示する（コマンドごとにも可）"));
  app.AddFlag("--json", console.options().json, Text("Output as JSON", "結果を JSON で出力する"));
  app.AddOption("--credential", invocation.credential_file,
                Text("Use this credential in place of the one logged in with", "ログイン中の資格情報の代わりに使う"))
      .TypeName("FILE");
  app.AddFlag("--progress", console.options().progress,
              Text("Report progress also where standard error is no terminal", "端末以外でも経過を表示する"));
  app.AddFlag("-q,--quiet", console.options().quiet, Text("No progress and no notes", "経過と注意を表示しない"));
  std::string language;
  app.AddOption("--lang", language, Text("Speak this language", "表示言語")).OneOf({"en", "ja"});
  app.Footer(Footer());

  AddLoginCommands(app, invocation);
  AddCustomerCommands(app, invocation);
  AddFleetCommands(app, invocation);
  AddArtifactCommands(app, invocation);
  AddCollectCommands(app, invocation);
  AddAcquisitionCommands(app, invocation);
  AddHuntViewCommands(AddHuntOrderCommands(app, invocation), invocation);
  AddItemCommands(app, invocation);
  AddSearchCommands(app, invocation);
  AddTimelineCommands(app, invocation);
  AddExportCommands(app, invocation);
  AddVerifyCommands(app, invocation);
  AddCustodyCommands(app, invocation);
  AddCompletionCommands(app, invocation);

  if (argc <= 1) {
    console.err() << commands.Help();
    return static_cast<int>(ExitCode::kUsage);
  }
  const ParseResult parsed = commands.Parse(std::vector<std::string>(argv + 1, argv + argc));
  if (parsed.kind == ParseResult::Kind::kAnswer) {
    console.out() << parsed.text << std::flush;
    return 0;
  }
  if (parsed.kind == ParseResult::Kind::kMisuse) {
    const std::string what = parsed.unknown_command.has_value()
                                 ? Concat(Say("there is no command \"", "コマンドがありません: \""),
                                          Printable(*parsed.unknown_command), "\"")
                                 : Printable(parsed.fault);
    ReportFailure(console, absl::InvalidArgumentError(Concat(what, Say(" (see --help)", "（--help を参照）"))),
                  ExitCode::kUsage);
    return static_cast<int>(ExitCode::kUsage);
  }
  return Run(console, invocation);
}

}  // namespace
}  // namespace hozen

int main(int argc, char** argv) { return hozen::Main(argc, argv); }
