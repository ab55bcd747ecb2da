#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <utility>

#include "agent/app/service_commands.h"
#include "agent/app/windows_service.h"
#include "agent/platform/private_folder.h"
#include "agent/platform/process_start.h"
#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/path_text.h"
#include "core/base/printable.h"

namespace hozen {
namespace {

std::string Text(std::string_view english, std::string_view japanese) { return std::string(Say(english, japanese)); }

int Complain(std::string_view what, const absl::Status& status) {
  std::cerr << what << ": " << Printable(StdView(status.message())) << "\n";
  if (absl::IsPermissionDenied(status)) {
    std::cerr << Say("Run it as an administrator.", "管理者として実行してください。") << "\n";
  }
  return kExitFailed;
}

int Done(const absl::Status& status, std::string_view what_failed, std::string_view done) {
  if (!status.ok()) return Complain(what_failed, status);
  std::cout << done << "\n";
  return kExitOk;
}

absl::StatusOr<std::filesystem::path> StateFolder(const std::string& named) {
  if (named.empty()) return ServiceStateFolder();
  return std::filesystem::absolute(PathOf(named));
}

bool IsEnrolled(const std::filesystem::path& state) {
  std::error_code error;
  return std::filesystem::exists(state / "state.pb", error);
}

// With the folder above it where that is ours too, so that nobody can put another in its place.
absl::Status MakePrivateFolders(const std::filesystem::path& state) {
  std::error_code error;
  const bool is_default = state.parent_path().filename() == L"Hozen";
  for (const std::filesystem::path& folder :
       is_default ? std::vector{state.parent_path(), state} : std::vector{state}) {
    if (std::filesystem::exists(folder, error)) continue;
    if (!std::filesystem::create_directories(folder, error)) {
      return absl::UnavailableError(Concat("Making ", PathText(folder), ": ", error.message()));
    }
    if (absl::Status status = MakeFolderPrivate(folder); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// What MakePrivateFolders made and nobody has used.
void RemoveEmptyFolders(const std::filesystem::path& state) {
  std::error_code error;
  std::filesystem::remove(state / "lock", error);
  std::filesystem::remove(state, error);
  if (state.parent_path().filename() == L"Hozen") std::filesystem::remove(state.parent_path(), error);
}

int Install(const EnrollFlags& flags) {
  const absl::StatusOr<std::filesystem::path> state = StateFolder(flags.state);
  if (!state.ok()) return Complain(Say("Not installed", "インストールできません"), state.status());
  const bool wants_enrolment = !flags.collector.empty();
  if (wants_enrolment && flags.token.empty() && flags.token_file.empty()) {
    std::cerr << Say("Give the token with --token or --token-file.",
                     "--token か --token-file でトークンを指定してください。")
              << "\n";
    return kExitUsage;
  }
  const std::filesystem::path program = PathOf(OwnExecutable());
  if (const absl::Status status = CheckProgramPlace(program); !status.ok()) {
    return Complain(Say("Not installed", "インストールできません"), status);
  }
  const absl::StatusOr<Installed> installed = InstallService(program, *state);
  if (!installed.ok()) return Complain(Say("Not installed", "インストールできません"), installed.status());
  const auto take_back = [&] {
    if (!installed->was_there) UninstallService().IgnoreError();
    RemoveEmptyFolders(*state);
  };
  if (const absl::Status made = MakePrivateFolders(*state); !made.ok()) {
    take_back();
    return Complain(Say("Not installed", "インストールできません"), made);
  }
  // A service that is installed anew goes on being the host that it was.
  if (wants_enrolment && !IsEnrolled(*state)) {
    EnrollFlags enroll = flags;
    enroll.state = PathText(*state);
    if (const int status = RunEnroll(enroll); status != kExitOk) {
      take_back();
      return status;
    }
  }
  std::cerr << installed->notes;
  std::cout << Say("Installed as the service hozen-agent; its state is in ",
                   "サービス hozen-agent としてインストールしました。状態フォルダ: ")
            << PathText(*state) << "\n";
  if (!IsEnrolled(*state)) {
    std::cout << Say("Next: ", "次: ") << "hozen-agent enroll --collector HOST:PORT --token-file FILE --state \""
              << PathText(*state) << "\"\n";
  } else {
    std::cout << Say("Next: ", "次: ") << "hozen-agent start\n";
  }
  return kExitOk;
}

int Uninstall(const std::string& named, bool purge) {
  const absl::StatusOr<std::filesystem::path> state = StateFolder(named);
  if (!state.ok()) return Complain(Say("Not removed", "削除できません"), state.status());
  const absl::Status gone = UninstallService();
  // What is asked for is the case already; the folder may still be there.
  if (!gone.ok() && !(purge && absl::IsNotFound(gone))) return Complain(Say("Not removed", "削除できません"), gone);
  std::error_code error;
  if (purge) {
    std::filesystem::remove_all(*state, error);
    if (error) {
      std::cerr << Say("The state folder was not removed: ", "状態フォルダを削除できません: ") << error.message()
                << "\n";
      return kExitFailed;
    }
    RemoveEmptyFolders(*state);
  }
  std::cout << Say("The service hozen-agent was removed.", "サービス hozen-agent を削除しました。") << "\n";
  if (!purge && std::filesystem::exists(*state, error)) {
    std::cout << Say("Kept, with the host's identity and what is not sent yet: ",
                     "識別情報と未送信の証拠を残しました: ")
              << PathText(*state) << "\n";
  }
  return kExitOk;
}

int Serve(const ServeFlags& flags) {
  const absl::StatusOr<int> ended = BeService([&flags](const std::function<void()>& on_running) {
    ServeFlags serving = flags;
    serving.on_running = on_running;
    return RunAgent(serving);
  });
  if (ended.ok()) return *ended;
  Complain(Say("Not started", "起動できません"), ended.status());
  std::cerr << Say("This is for the service manager; use \"hozen-agent start\".",
                   "サービス マネージャー用です。\"hozen-agent start\" を使ってください。")
            << "\n";
  return kExitUsage;
}

}  // namespace

void ServiceCommands::AddTo(CLI::App& app) {
  const std::string state = Text("The state folder (default: Hozen\\agent in ProgramData)",
                                 "状態フォルダ (既定: ProgramData の Hozen\\agent)");
  install_ = app.add_subcommand(
      "install", Text("Make it a service that starts with the system", "システムと共に起動するサービスにする"));
  install_->add_option("--state", enroll_.state, state);
  install_->add_option("--collector", enroll_.collector,
                       Text("HOST:PORT: enrol this host too, where it is not", "HOST:PORT: 未登録なら登録も行う"));
  CLI::Option* token = install_->add_option("--token", enroll_.token, "hzt1....");
  install_
      ->add_option("--token-file", enroll_.token_file,
                   Text("A file with the token; other users cannot see it there",
                        "トークンを書いたファイル (他の利用者に見えません)"))
      ->excludes(token);
  uninstall_ = app.add_subcommand("uninstall", Text("Stop and remove the service", "サービスを停止して削除する"));
  uninstall_->add_option("--state", serving_.state, state);
  uninstall_->add_flag("--purge", purge_,
                       Text("Also the state folder: the host's identity, and evidence that is not sent yet",
                            "状態フォルダ (識別情報と未送信の証拠) も削除する"));
  start_ = app.add_subcommand("start", Text("Start the service", "サービスを開始する"));
  stop_ = app.add_subcommand("stop", Text("Stop the service; what is under way goes on at the next start",
                                          "サービスを停止する (途中の収集は次の起動で続く)"));
  serve_ = app.add_subcommand("service", "");
  serve_->group("");  // hidden
  serve_->add_option("--state", serving_.state, state)->required();
}

std::optional<int> ServiceCommands::Run() const {
  if (install_->parsed()) return Install(enroll_);
  if (uninstall_->parsed()) return Uninstall(serving_.state, purge_);
  if (start_->parsed()) {
    return Done(StartInstalledService(), Say("Not started", "起動できません"), Say("Started.", "開始しました。"));
  }
  if (stop_->parsed()) {
    return Done(StopInstalledService(), Say("Not stopped", "停止できません"), Say("Stopped.", "停止しました。"));
  }
  if (serve_->parsed()) return Serve(serving_);
  return std::nullopt;
}

}  // namespace hozen
