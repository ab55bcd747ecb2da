#include <filesystem>
#include <iostream>
#include <memory>

#include "absl/time/clock.h"
#include "agent/app/commands.h"
#include "agent/app/reader_program.h"
#include "agent/app/shutdown_signal.h"
#include "agent/platform/host_facts.h"
#include "agent/platform/priority.h"
#include "agent/platform/private_folder.h"
#include "agent/platform/process_start.h"
#include "agent/run/runner.h"
#include "agent/session/channel.h"
#include "agent/session/control_session.h"
#include "agent/session/identity_store.h"
#include "agent/upload/grpc_chunk_sink.h"
#include "core/base/concat.h"
#include "core/base/file.h"
#include "core/base/language.h"
#include "core/base/log.h"
#include "core/base/path_text.h"
#include "core/base/printable.h"
#include "core/base/version.h"

namespace hozen {
namespace {

// `hozen-agent status` looks at the lock by taking it for a moment.
constexpr int kLockAttempts = 10;
constexpr absl::Duration kLockPause = absl::Milliseconds(100);

absl::StatusOr<UniqueFd> LockState(const std::filesystem::path& state) {
  absl::StatusOr<UniqueFd> lock = LockFile(state / "lock");
  for (int i = 1; i < kLockAttempts && absl::IsFailedPrecondition(lock.status()); ++i) {
    absl::SleepFor(kLockPause);
    lock = LockFile(state / "lock");
  }
  return lock;
}

v1::HostFacts Facts() {
  v1::HostFacts facts = CollectHostFacts();
  facts.set_agent_version(std::string(kHozenVersion));
  return facts;
}

int Complain(int exit_status, std::string_view what, const absl::Status& status) {
  std::cerr << what << ": " << Printable(StdView(status.message())) << "\n";
  return exit_status;
}

}  // namespace

int RunAgent(const ServeFlags& flags) {
  const std::filesystem::path state = std::filesystem::absolute(flags.state);
  // Whoever put an identity there would be whom this host obeys. (Where there is no folder, LoadIdentity says it.)
  const absl::Status folder = CheckPrivateFolder(state);
  if (!folder.ok() && !absl::IsNotFound(folder)) {
    return Complain(kExitState, Say("The state folder cannot be used", "状態フォルダを使えません"), folder);
  }
  absl::StatusOr<v1::AgentIdentity> identity = LoadIdentity(state);
  if (!identity.ok()) return Complain(kExitState, Say("Not started", "起動できません"), identity.status());
  const absl::StatusOr<UniqueFd> lock = LockState(state);
  if (!lock.ok()) {
    return Complain(kExitState,
                    Say("Another agent uses this state folder", "別のエージェントがこの状態フォルダを使用中です"),
                    lock.status());
  }
  absl::StatusOr<v1::LocalPolicy> policy = LoadPolicy(state);
  if (!policy.ok())
    return Complain(kExitState, Say("The local policy was not read", "ローカルポリシーを読めません"), policy.status());
  if (!CatchShutdownSignals()) return kExitFailed;
  if (!flags.normal_priority) {
    const absl::Status lowered = LowerPriority();
    if (!lowered.ok()) Log(Severity::kWarning, Concat("priority not lowered: ", StdView(lowered.message())));
  }
  const absl::StatusOr<std::filesystem::path> reader = FindReaderProgram(PathOf(OwnExecutable()));
  if (!reader.ok()) {
    return Complain(kExitFailed, Say("The program that reads disks is missing", "ディスクを読むプログラムがありません"),
                    reader.status());
  }
  CurrentChannel channel(*identity);
  ControlSessionOptions session_options;
  session_options.state_folder = state;
  session_options.identity = *identity;
  session_options.facts = Facts;
  ControlSession session(std::move(session_options), channel, Clock::Real());

  RunnerOptions options;
  options.state_folder = state;
  options.reader_executable = PathText(*reader);
  options.identity = *identity;
  options.policy = *policy;
  options.facts = Facts();
  RunnerOutside outside;
  outside.open_sink = [&channel](const std::string& acquisition_id,
                                 uint64_t send_bytes_per_s) -> absl::StatusOr<std::unique_ptr<ChunkSink>> {
    UploadOptions upload;
    upload.acquisition_id = acquisition_id;
    upload.send_bytes_per_s = send_bytes_per_s;
    return NewGrpcChunkSink(std::move(upload), [&channel] { return channel.Get(); });
  };
  outside.report = [&session](v1::AgentMessage message) { session.Report(std::move(message)); };
  outside.clock_offset_ns = [&session] { return session.clock_offset_ns(); };
  absl::StatusOr<std::unique_ptr<Runner>> runner =
      Runner::Create(std::move(options), std::move(outside), Clock::Real());
  if (!runner.ok()) return Complain(kExitState, Say("Not started", "起動できません"), runner.status());
  if (const absl::Status resumed = (*runner)->ResumeAll(); !resumed.ok()) {
    return Complain(kExitState, Say("Not started", "起動できません"), resumed);
  }
  session.Start(**runner);
  Log(Severity::kInfo, Concat("hozen-agent ", kHozenVersion, " runs as host ", identity->host_id()));
  if (flags.on_running) flags.on_running();
  WaitForShutdownSignal();
  Log(Severity::kInfo, "stopping; what is under way goes on at the next start");
  session.Stop();
  (*runner)->Stop();
  return kExitOk;
}

}  // namespace hozen
