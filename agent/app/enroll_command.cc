#include <filesystem>
#include <iostream>

#include "agent/app/commands.h"
#include "agent/platform/host_facts.h"
#include "agent/session/enrollment.h"
#include "agent/session/identity_store.h"
#include "core/base/concat.h"
#include "core/base/file.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/version.h"

namespace hozen {
namespace {

constexpr uint64_t kMaxTokenBytes = 64 << 10;

int Complain(int exit_status, std::string_view what, const absl::Status& status) {
  std::cerr << what << ": " << Printable(StdView(status.message())) << "\n";
  return exit_status;
}

int ExitStatusOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return kExitUnreachable;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kDataLoss:
      return kExitRefused;
    default:
      return kExitFailed;
  }
}

}  // namespace

int RunEnroll(const EnrollFlags& flags) {
  const std::filesystem::path state = flags.state;
  std::string token = flags.token;
  if (!flags.token_file.empty()) {
    absl::StatusOr<std::string> read = ReadWholeFile(flags.token_file, kMaxTokenBytes);
    if (!read.ok()) return Complain(kExitUsage, Say("The token was not read", "トークンを読めません"), read.status());
    token = *std::move(read);
  }
  if (const absl::Status ready = PrepareStateFolder(state); !ready.ok()) {
    return Complain(kExitState, Say("The state folder cannot be used", "状態フォルダを使えません"), ready);
  }
  absl::StatusOr<UniqueFd> lock = LockFile(state / "lock");
  if (!lock.ok()) {
    return Complain(kExitState,
                    Say("Another agent uses this state folder", "別のエージェントがこの状態フォルダを使用中です"),
                    lock.status());
  }
  // Never overwritten: the key in it has signed manifests.
  std::error_code error;
  if (std::filesystem::exists(state / "state.pb", error)) {
    std::cerr
        << Say("This state folder belongs to an enrolled agent already; name another with --state, or remove it to "
               "enrol anew: ",
               "この状態フォルダは登録済みです。別の --state を指定するか、削除してから登録し直してください: ")
        << Printable(state.string()) << "\n";
    return kExitState;
  }
  v1::HostFacts facts = CollectHostFacts();
  facts.set_agent_version(std::string(kHozenVersion));
  const absl::StatusOr<v1::AgentIdentity> identity = Enroll(flags.collector, token, facts);
  if (!identity.ok()) {
    return Complain(ExitStatusOf(identity.status()), Say("Enrolment failed", "登録に失敗しました"), identity.status());
  }
  if (const absl::Status saved = SaveIdentity(state, *identity); !saved.ok()) {
    return Complain(kExitState, Say("The identity was not saved", "識別情報を保存できません"), saved);
  }
  std::cout << Say("Enrolled as host ", "ホストとして登録しました: ") << identity->host_id() << "\n"
            << Say("Next: ", "次: ") << "hozen-agent run --state " << Printable(state.string()) << "\n";
  return kExitOk;
}

}  // namespace hozen
