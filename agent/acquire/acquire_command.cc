#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_join.h"
#include "agent/acquire/acquire.h"
#include "agent/acquire/failure.h"
#include "agent/platform/child_process.h"
#include "agent/platform/trusted_program.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/bytes/source.h"
#include "core/plan/allowed_commands.h"

namespace hozen {
namespace {

// Spooled in memory, because the agent writes to no file but its own.
constexpr size_t kMaxOutputBytes = 16 << 20;

v1::Trace TraceOf(const std::string& line) {
  v1::Trace trace;
  trace.set_path(line);
  trace.set_what("a process was run; the access times of its program and libraries may be new");
  return trace;
}

// The reason for which the output is not all that there was; none where it is.
v1::Failure Shortfall(const CommandEnd& end, bool cut_off, absl::Duration timeout) {
  if (cut_off) return MakeFailure(v1::CAUSE_LIMIT_FILE_BYTES, Concat("its output was cut off at ", kMaxOutputBytes));
  if (end.timed_out) {
    return MakeFailure(v1::CAUSE_TIMED_OUT, Concat("it was killed after ", absl::FormatDuration(timeout)));
  }
  if (end.exit_status != 0) {
    return MakeFailure(v1::CAUSE_COMMAND_FAILED,
                       Concat("exit status ", end.exit_status, ": ", Printable(end.standard_error)));
  }
  return {};
}

}  // namespace

absl::StatusOr<v1::TargetOutcome> AcquireCommand(const v1::Target& target, const AcquireOptions& options,
                                                 ItemSink& sink) {
  const v1::Target::Command& what = target.command();
  std::string line = what.command();
  for (const std::string& argument : what.arguments()) line += Concat(" ", argument);
  v1::TargetOutcome outcome;
  outcome.set_target_index(options.target_index);
  outcome.set_artifact(target.artifact());
  outcome.set_pattern(line);
  const auto not_carried_out = [&outcome](v1::Failure failure) {
    *outcome.mutable_failure() = std::move(failure);
    return outcome;
  };
  if (!IsAllowedCommand(what)) {
    return not_carried_out(
        MakeFailure(v1::CAUSE_COMMAND_NOT_ALLOWED, "it is not on the fixed list of commands that this agent runs"));
  }
  if (sink.AlreadyTaken(options.target_index, line)) {
    outcome.set_matched_items(1);
    return outcome;
  }
  if (absl::Status status = sink.Poll(); !status.ok()) return status;
  const absl::StatusOr<std::string> program = ProgramPath(what.command());
  if (const absl::Status status = program.ok() ? CheckTrustedProgram(*program) : program.status(); !status.ok()) {
    v1::Failure failure = FailureOf(status);
    if (absl::IsFailedPrecondition(status)) failure.set_cause(v1::CAUSE_COMMAND_NOT_ALLOWED);
    return not_carried_out(std::move(failure));
  }
  std::string output;
  bool cut_off = false;
  absl::Status stopped;
  const absl::StatusOr<CommandEnd> end =
      RunCommand({.executable = *program, .arguments = {what.arguments().begin(), what.arguments().end()}},
                 options.command_timeout, [&](std::string_view piece) {
                   stopped = sink.Poll();
                   if (!stopped.ok()) return stopped;
                   const size_t room = kMaxOutputBytes - output.size();
                   output.append(piece.substr(0, room));
                   cut_off = piece.size() > room;
                   return cut_off ? absl::ResourceExhaustedError("the output is too long") : absl::OkStatus();
                 });
  if (!stopped.ok()) return stopped;
  if (!end.ok() && !cut_off) return not_carried_out(FailureOf(end.status()));
  sink.NoteTrace(TraceOf(line));
  const CommandEnd how = end.ok() ? *end : CommandEnd{.exit_status = 128 + 9, .timed_out = false, .standard_error = ""};
  v1::Item item;
  item.set_kind(v1::Item::KIND_COMMAND_OUTPUT);
  item.set_path(line);
  item.set_target_index(options.target_index);
  item.set_artifact(target.artifact());
  item.mutable_command()->set_command(what.command());
  *item.mutable_command()->mutable_arguments() = what.arguments();
  item.mutable_command()->set_exit_status(how.exit_status);
  item.mutable_command()->set_standard_error(how.standard_error);
  if (v1::Failure failure = Shortfall(how, cut_off, options.command_timeout); failure.cause() != 0) {
    *outcome.mutable_failure() = std::move(failure);
  }
  outcome.set_matched_items(1);
  const std::unique_ptr<Source> source = NewMemorySource(std::move(output));
  if (absl::Status status = sink.Take(std::move(item), *source, true); !status.ok()) return status;
  return outcome;
}

}  // namespace hozen
