#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "agent/acquire/failure.h"
#include "agent/platform/process_probe.h"
#include "agent/volatile/linux/bpf_state.h"
#include "agent/volatile/linux/clock_state.h"
#include "agent/volatile/linux/kernel_files.h"
#include "agent/volatile/linux/login_state.h"
#include "agent/volatile/linux/module_state.h"
#include "agent/volatile/linux/mount_state.h"
#include "agent/volatile/linux/network/network_state.h"
#include "agent/volatile/linux/network/socket_state.h"
#include "agent/volatile/linux/process/executables.h"
#include "agent/volatile/linux/process/hidden_processes.h"
#include "agent/volatile/linux/process/process_state.h"
#include "agent/volatile/linux/process/service_state.h"
#include "agent/volatile/linux/tracing_state.h"
#include "agent/volatile/record_source.h"
#include "agent/volatile/state_summary.h"
#include "agent/volatile/system_state.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"
#include "core/bytes/source.h"

namespace hozen {
namespace {

using State = v1::Target::VolatileState;

// The records of a kind; empty for one that this agent does not know.
NextRecord RecordsOfKind(State::Kind kind, const KernelFiles& files, const AcquireOptions& options,
                         Executables& executables, ItemSink& sink) {
  switch (kind) {
    case State::KIND_CLOCK:
      return RecordsOf(ClockRecords(files, options.clock_offset_ns));
    case State::KIND_SOCKETS:
      return SocketRecords(files);
    case State::KIND_NETWORK:
      return RecordsOf(NetworkRecords(files));
    case State::KIND_PROCESSES:
      return WithServices(ProcessRecords(files, executables), files);
    case State::KIND_HIDDEN_PROCESSES:
      return RecordsOf(FindHiddenProcesses(files, {.most_time = absl::Seconds(60),
                                                   .now = &absl::Now,
                                                   .keep_on = [&sink] { return sink.Poll().ok(); },
                                                   .probe = &ProbeProcess}));
    case State::KIND_MODULES:
      return RecordsOf(ModuleRecords(files));
    case State::KIND_BPF:
      return RecordsOf(BpfRecords(files));
    case State::KIND_TRACING:
      return RecordsOf(TracingRecords(files));
    case State::KIND_MOUNTS:
      return RecordsOf(MountRecords(files));
    case State::KIND_LOGINS:
      return RecordsOf(LoginRecords(files));
    default:
      return nullptr;
  }
}

// Each executable without a name on a disk, in full. Held open since it was found, so its process may have ended.
absl::Status TakeHeld(Executables& executables, const AcquireOptions& options, ItemSink& sink,
                      v1::TargetOutcome& outcome) {
  for (Executables::Held& held : executables.TakeHeld()) {
    outcome.set_matched_items(outcome.matched_items() + 1);
    if (sink.AlreadyTaken(options.target_index, held.path)) continue;
    v1::Item item;
    item.set_kind(v1::Item::KIND_FILE);
    item.set_path(held.path);
    *item.mutable_file() = held.file.metadata;
    item.mutable_file()->set_link_target(held.link);
    const std::unique_ptr<Source> source = NewFdSource(std::move(held.file.fd), item.file().size_bytes());
    HOZEN_RETURN_IF_ERROR(sink.Take(std::move(item), *source, /*until_end=*/true));
  }
  if (executables.not_held() > 0 && !outcome.has_failure()) {
    *outcome.mutable_failure() =
        MakeFailure(v1::CAUSE_LIMIT_ITEMS, Concat(executables.not_held(),
                                                  " more executables were deleted or live in memory only, and could "
                                                  "not be held open to be taken; hashes are in the records"));
  }
  return absl::OkStatus();
}

void NoteTouched(const Executables& executables, ItemSink& sink) {
  if (executables.touched() == 0) return;
  v1::Trace trace;
  trace.set_path(executables.first_touched());
  trace.set_what(Concat("access times of this and ", executables.touched() - 1,
                        " more executables may be new: the system refused to read them without (O_NOATIME)"));
  sink.NoteTrace(std::move(trace));
}

}  // namespace

absl::Status TakeSystemState(State::Kind kind, const Borders& borders, const AcquireOptions& options, ItemSink& sink,
                             v1::TargetOutcome& outcome) {
  const KernelFiles files(options.root, [&](std::string_view path) { return borders.RefusedWithParents(path); });
  const bool taken = sink.AlreadyTaken(options.target_index, outcome.pattern());
  if (taken && kind != State::KIND_PROCESSES) {
    outcome.set_matched_items(1);
    return absl::OkStatus();
  }
  Executables executables(files);
  NextRecord next = RecordsOfKind(kind, files, options, executables, sink);
  if (!next) {
    *outcome.mutable_failure() =
        MakeFailure(v1::CAUSE_NOT_SUPPORTED, "Linux has no such kind of state, or this agent does not know it yet");
    return absl::OkStatus();
  }
  HOZEN_RETURN_IF_ERROR(sink.Poll());
  RecordSource source(std::move(next));
  outcome.set_matched_items(1);
  if (!taken) {
    v1::Item item;
    item.set_kind(v1::Item::KIND_STATE);
    item.set_path(outcome.pattern());
    const absl::Status status = sink.Take(std::move(item), source, /*until_end=*/true);
    NoteTouched(executables, sink);
    HOZEN_RETURN_IF_ERROR(status);
    if (source.first_failure().has_value()) *outcome.mutable_failure() = StateSummary(source);
  }
  HOZEN_RETURN_IF_ERROR(TakeHeld(executables, options, sink, outcome));
  return absl::OkStatus();
}

}  // namespace hozen
