#include "agent/volatile/linux/clock_state.h"

#include <string>
#include <utility>

#include "agent/platform/kernel_clock.h"
#include "agent/volatile/linux/kernel_names.h"
#include "agent/volatile/linux/text_fields.h"
#include "agent/volatile/record_source.h"
#include "agent/volatile/timestamps.h"
#include "core/base/printable.h"

namespace hozen {

std::vector<v1::VolatileRecord> ClockRecords(const KernelFiles& files, std::optional<int64_t> collector_offset_ns) {
  std::vector<v1::VolatileRecord> records(1);
  v1::ClockState& state = *records[0].mutable_clock();
  const KernelClock clock = ReadKernelClock();
  *state.mutable_utc() = TimestampOf(clock.realtime_unix_ns);
  state.set_monotonic_ns(clock.monotonic_ns);
  state.set_uptime_ns(clock.boottime_ns);
  if (collector_offset_ns.has_value()) state.set_collector_offset_ns(*collector_offset_ns);
  *state.mutable_booted() = TimestampOf(clock.realtime_unix_ns - clock.boottime_ns);
  std::vector<v1::VolatileRecord> missing;
  const auto text = [&](const std::string& path) {
    absl::StatusOr<std::string> line = files.ReadLine(path);
    if (line.ok()) return *std::move(line);
    missing.push_back(MissingRecord(path, StateFailure(line.status())));
    return std::string();
  };
  state.set_boot_id(Printable(text("/proc/sys/kernel/random/boot_id")));
  state.set_hostname(Printable(text("/proc/sys/kernel/hostname")));
  state.set_kernel_release(Printable(text("/proc/sys/kernel/osrelease")));
  state.set_kernel_version(Printable(text("/proc/sys/kernel/version")));
  state.set_kernel_command_line(Printable(text("/proc/cmdline")));
  state.set_taint(NumberOf<uint64_t>(text("/proc/sys/kernel/tainted")).value_or(0));
  for (std::string& name : TaintNames(state.taint())) state.add_taint_flags(std::move(name));
  for (v1::VolatileRecord& record : missing) records.push_back(std::move(record));
  return records;
}

}  // namespace hozen
