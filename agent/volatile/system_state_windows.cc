#include <optional>
#include <string>
#include <utility>

#include "agent/acquire/failure.h"
#include "agent/volatile/record_source.h"
#include "agent/volatile/state_summary.h"
#include "agent/volatile/system_state.h"
#include "agent/volatile/windows/clock_state.h"
#include "agent/volatile/windows/logon_state.h"
#include "agent/volatile/windows/mount_state.h"
#include "agent/volatile/windows/network/dns_cache_state.h"
#include "agent/volatile/windows/network/network_state.h"
#include "agent/volatile/windows/network/pipe_state.h"
#include "agent/volatile/windows/network/share_state.h"
#include "agent/volatile/windows/network/socket_state.h"
#include "agent/volatile/windows/process/driver_state.h"
#include "agent/volatile/windows/process/process_state.h"
#include "agent/volatile/windows/shadow_copy_state.h"
#include "agent/volatile/windows/startup/autorun_state.h"
#include "agent/volatile/windows/startup/bits_state.h"
#include "agent/volatile/windows/startup/service_state.h"
#include "agent/volatile/windows/startup/task_state.h"
#include "agent/volatile/windows/state_context.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

using State = v1::Target::VolatileState;

// The records of a kind; empty for one that this agent does not know.
NextRecord RecordsOfKind(State::Kind kind, const StateContext& context) {
  switch (kind) {
    case State::KIND_CLOCK:
      return RecordsOf(WindowsClockRecords(context));
    case State::KIND_SOCKETS:
      return RecordsOf(WindowsSocketRecords(context));
    case State::KIND_NETWORK:
      return RecordsOf(NetworkRecords(context));
    case State::KIND_DNS_CACHE:
      return DnsCacheRecords(context);
    case State::KIND_LOGINS:
      return RecordsOf(LogonRecords(context));
    case State::KIND_SHARES:
      return RecordsOf(ShareRecords(context));
    case State::KIND_PROCESSES:
      return WindowsProcessRecords(context);
    case State::KIND_PIPES:
      return RecordsOf(PipeRecords(context));
    case State::KIND_MODULES:
      return DriverRecords(context);
    case State::KIND_SERVICES:
      return ServiceRecords(context);
    case State::KIND_TASKS:
      return RecordsOf(TaskRecords(context));
    case State::KIND_BITS:
      return RecordsOf(BitsRecords(context));
    case State::KIND_AUTORUNS:
      return AutorunRecords(context);
    case State::KIND_MOUNTS:
      return RecordsOf(WindowsMountRecords(context));
    case State::KIND_SHADOW_COPIES:
      return ShadowCopyRecords(context);
    default:
      return nullptr;
  }
}

v1::Trace TraceOfShadowCopies(const std::string& path) {
  v1::Trace trace;
  trace.set_path(path);
  trace.set_what("the Volume Shadow Copy Service was asked, and may have been started for it");
  return trace;
}

}  // namespace

absl::Status TakeSystemState(State::Kind kind, const Borders& borders, const AcquireOptions& options, ItemSink& sink,
                             v1::TargetOutcome& outcome) {
  outcome.set_matched_items(1);
  if (sink.AlreadyTaken(options.target_index, outcome.pattern())) return absl::OkStatus();
  const StateContext context{.refused = [&](std::string_view path) { return borders.RefusedWithParents(path); },
                             .keep_on = [&sink] { return sink.Poll().ok(); },
                             .clock_offset_ns = options.clock_offset_ns};
  NextRecord next = RecordsOfKind(kind, context);
  if (!next) {
    outcome.set_matched_items(0);
    *outcome.mutable_failure() = MakeFailure(v1::CAUSE_NOT_SUPPORTED, "Windows has no such kind of state");
    return absl::OkStatus();
  }
  if (kind == State::KIND_SHADOW_COPIES) sink.NoteTrace(TraceOfShadowCopies(outcome.pattern()));
  RecordSource source(std::move(next));
  v1::Item item;
  item.set_kind(v1::Item::KIND_STATE);
  item.set_path(outcome.pattern());
  HOZEN_RETURN_IF_ERROR(sink.Take(std::move(item), source, /*until_end=*/true));
  if (source.first_failure().has_value()) *outcome.mutable_failure() = StateSummary(source);
  return absl::OkStatus();
}

}  // namespace hozen
