#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/app/service_commands.h"
#include "agent/app/windows_service.h"
#include "agent/platform/private_folder.h"
#include "agent/platform/process_start.h"
#include "agent/platform/remove_tree_windows.h"
#include "agent/session/identity_store.h"
#include "core/base/concat.h"
#include "core/base/file.h"
#include "core/base/language.h"
#include "core/base/path_text.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"
#include "core/command_line/command_line.h"

namespace hozen {
namespace {

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

// What `install` has changed of the host, so that it can be taken back.
struct Made {
  std::string replaced;  // the command of the service that was there
  bool identity = false;
};

// Where it is kept in the state folder until the installer, whose one step `install` is, has come to its end.
std::filesystem::path UndoFile(const std::filesystem::path& state) { return state / "install-undo"; }

constexpr char kIdentityMade[] = "identity";
constexpr uint64_t kMaxUndoBytes = 128 << 10;

absl::Status WriteUndo(const std::filesystem::path& state, const Made& made) {
  return WriteFileAtomically(UndoFile(state), Concat(made.replaced, "\n", made.identity ? kIdentityMade : ""), 0600);
}

absl::StatusOr<Made> ReadUndo(const std::filesystem::path& state) {
  HOZEN_RETURN_IF_ERROR(CheckPrivateFolder(state));
  HOZEN_ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(UndoFile(state), kMaxUndoBytes));
  const size_t line = text.find('\n');
  if (line == std::string::npos) return absl::DataLossError(Concat(PathText(UndoFile(state)), " is damaged"));
  return Made{.replaced = text.substr(0, line), .identity = text.substr(line + 1) == kIdentityMade};
}

void ForgetUndo(const std::filesystem::path& state) {
  std::error_code error;
  if (!CheckPrivateFolder(state).ok()) return;
  std::filesystem::remove(UndoFile(state), error);
}

// What PrepareStateFolder made and nobody has used.
void RemoveEmptyFolders(const std::filesystem::path& state) {
  std::error_code error;
  // In another's folder these names may lead anywhere.
  const absl::Status ours = CheckPrivateFolder(state);
  if (IsEnrolled(state) || (!ours.ok() && !absl::IsNotFound(ours))) return;
  std::filesystem::remove(state / "lock", error);
  std::filesystem::remove(state, error);
  if (state.parent_path().filename() == L"Hozen") std::filesystem::remove(state.parent_path(), error);
}

// The owner's policy, which may have been there before, stays.
absl::Status TakeBack(const std::filesystem::path& state, const Made& made) {
  absl::Status status = made.replaced.empty() ? UninstallService() : RestoreService(made.replaced);
  if (made.identity) {
    for (const char* const ours : {"acquisitions", "state.pb"}) {
      for (const Leftover& left : RemoveTree(state / ours)) status = left.why;
    }
  }
  ForgetUndo(state);
  RemoveEmptyFolders(state);
  return status;
}

// By the installer, where a later step of it has failed.
int TakeBackWhatInstallMade(const std::filesystem::path& state) {
  const absl::StatusOr<Made> made = ReadUndo(state);
  if (absl::IsNotFound(made.status())) return kExitOk;  // `install` has taken it back, or never begun
  StopInstalledService().IgnoreError();                 // it may have been started since
  const absl::Status done = made.ok() ? TakeBack(state, *made) : made.status();
  return done.ok() ? kExitOk : Complain(Say("Not taken back", "元に戻せません"), done);
}

int Install(const EnrollFlags& flags, bool undoable) {
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
  Made made{.replaced = installed->replaced};
  const auto fail = [&](const absl::Status& why) {
    TakeBack(*state, {.replaced = made.replaced}).IgnoreError();
    return Complain(Say("Not installed", "インストールできません"), why);
  };
  if (const absl::Status ready = PrepareStateFolder(*state); !ready.ok()) return fail(ready);
  if (GoesAtNextStart(*state)) {
    return fail(absl::FailedPreconditionError(
        Concat(PathText(*state), " is removed when the system starts again, as was asked for; start it again first")));
  }
  // A service that is installed anew goes on being the host that it was.
  made.identity = wants_enrolment && !IsEnrolled(*state);
  ForgetUndo(*state);
  if (undoable) {
    if (const absl::Status kept = WriteUndo(*state, made); !kept.ok()) return fail(kept);
  }
  if (made.identity) {
    EnrollFlags enroll = flags;
    enroll.state = PathText(*state);
    if (const int status = RunEnroll(enroll); status != kExitOk) {
      TakeBack(*state, {.replaced = made.replaced}).IgnoreError();
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

// What is held open goes when the system starts again: nobody else can have put anything in its place until then.
bool Purge(const std::filesystem::path& state) {
  absl::Status may = CheckPrivateFolder(state);
  if (absl::IsNotFound(may)) return true;
  if (!may.ok()) {
    Complain(Say("The state folder was not removed", "状態フォルダを削除できません"), may);
    return false;
  }
  const std::vector<Leftover> left = RemoveTree(state);
  for (const Leftover& one : left) {
    std::cerr << Say("Not removed: ", "削除できません: ") << Printable(StdView(one.why.message())) << "; ";
    if (const absl::Status later = RemoveAtNextStart(one.path); later.ok()) {
      std::cerr << Say("it goes when the system starts again", "次のシステム起動時に削除します") << "\n";
    } else {
      std::cerr << Printable(StdView(later.message())) << "\n";
    }
  }
  RemoveEmptyFolders(state);
  return left.empty();
}

int Uninstall(const std::filesystem::path& state, bool purge) {
  const absl::Status gone = UninstallService();
  if (absl::IsDeadlineExceeded(gone)) Complain(Say("Not stopped", "停止できません"), gone);
  // What is asked for is the case already; the folder may still be there.
  const bool is_removed = gone.ok() || absl::IsDeadlineExceeded(gone) || (purge && absl::IsNotFound(gone));
  if (!is_removed) return Complain(Say("Not removed", "削除できません"), gone);
  ForgetUndo(state);
  const bool purged = !purge || Purge(state);
  std::cout << Say("The service hozen-agent was removed.", "サービス hozen-agent を削除しました。") << "\n";
  std::error_code error;
  if (!purge && std::filesystem::exists(state, error)) {
    std::cout << Say("Kept, with the host's identity and what is not sent yet: ",
                     "識別情報と未送信の証拠を残しました: ")
              << PathText(state) << "\n";
  }
  return purged && !absl::IsDeadlineExceeded(gone) ? kExitOk : kExitFailed;
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

void ServiceCommands::AddTo(Command app) {
  const std::string_view state = Say("The state folder (default: Hozen\\agent in ProgramData)",
                                     "状態フォルダ (既定: ProgramData の Hozen\\agent)");
  install_ = app.AddCommand(
      "install", Say("Make it a service that starts with the system", "システムと共に起動するサービスにする"));
  install_->AddOption("--state", enroll_.state, state);
  install_->AddOption("--collector", enroll_.collector,
                      Say("HOST:PORT: enrol this host too, where it is not", "HOST:PORT: 未登録なら登録も行う"));
  const Option token = install_->AddOption("--token", enroll_.token, "hzt1....");
  install_
      ->AddOption("--token-file", enroll_.token_file,
                  Say("A file with the token; other users cannot see it there",
                      "トークンを書いたファイル (他の利用者に見えません)"))
      .Excludes(token);
  // For the installer, which may take back what it has done.
  install_->AddFlag("--undoable", undoable_, "").Hidden();
  uninstall_ = app.AddCommand("uninstall", Say("Stop and remove the service", "サービスを停止して削除する"));
  uninstall_->AddOption("--state", serving_.state, state);
  uninstall_->AddFlag("--purge", purge_,
                      Say("Also the state folder: the host's identity, and evidence that is not sent yet",
                          "状態フォルダ (識別情報と未送信の証拠) も削除する"));
  uninstall_->AddFlag("--what-install-made", take_back_, "").Hidden();
  start_ = app.AddCommand("start", Say("Start the service", "サービスを開始する"));
  stop_ = app.AddCommand("stop", Say("Stop the service; what is under way goes on at the next start",
                                     "サービスを停止する (途中の収集は次の起動で続く)"));
  serve_ = app.AddCommand("service", "");
  serve_->Hidden();
  serve_->AddOption("--state", serving_.state, state).Required();
}

std::optional<int> ServiceCommands::Run() const {
  if (install_->WasGiven()) return Install(enroll_, undoable_);
  if (uninstall_->WasGiven()) {
    const absl::StatusOr<std::filesystem::path> state = StateFolder(serving_.state);
    if (!state.ok()) return Complain(Say("Not removed", "削除できません"), state.status());
    return take_back_ ? TakeBackWhatInstallMade(*state) : Uninstall(*state, purge_);
  }
  if (start_->WasGiven()) {
    return Done(StartInstalledService(), Say("Not started", "起動できません"), Say("Started.", "開始しました。"));
  }
  if (stop_->WasGiven()) {
    return Done(StopInstalledService(), Say("Not stopped", "停止できません"), Say("Stopped.", "停止しました。"));
  }
  if (serve_->WasGiven()) return Serve(serving_);
  return std::nullopt;
}

}  // namespace hozen
