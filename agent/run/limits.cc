#include "agent/run/limits.h"

#include <algorithm>
#include <utility>

#include "core/base/concat.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

// Two limits of which 0 means none.
template <typename T>
T Tighter(T a, T b) {
  if (a == 0) return b;
  if (b == 0) return a;
  return std::min(a, b);
}

constexpr double kBurstSeconds = 0.25;

}  // namespace

v1::Limits NarrowedLimits(const v1::Limits& plan, const v1::LocalPolicy& policy) {
  v1::Limits limits = plan;
  limits.set_total_bytes(Tighter<uint64_t>(plan.total_bytes(), policy.total_bytes()));
  limits.set_cpu_percent(Tighter<uint32_t>(plan.cpu_percent(), policy.cpu_percent()));
  return limits;
}

void CheckDeadline(absl::Time deadline, const Clock& clock, Ending& ending) {
  if (clock.Now() < deadline) return;
  v1::Failure failure;
  failure.set_cause(v1::CAUSE_DEADLINE);
  failure.set_detail(Concat("the plan's deadline, ", absl::FormatTime(deadline, absl::UTCTimeZone()), ", passed"));
  ending.EndEarly(std::move(failure));
}

Pace::Pace(const v1::Limits& limits, const Clock& clock, Ending& ending, CpuTime cpu_time)
    : deadline_(absl::FromUnixNanos(limits.deadline_unix_ns())),
      cpu_share_(limits.cpu_percent() / 100.0),
      clock_(clock),
      ending_(ending),
      cpu_time_(std::move(cpu_time)),
      cpu_(cpu_share_, cpu_share_ * kBurstSeconds),
      reads_(static_cast<double>(limits.read_bytes_per_s()),
             static_cast<double>(limits.read_bytes_per_s()) * kBurstSeconds),
      cpu_seen_(cpu_time_()) {}

absl::Status Pace::Poll() {
  CheckDeadline(deadline_, clock_, ending_);
  HOZEN_RETURN_IF_ERROR(ending_.collecting());
  const absl::Duration wait = CpuDebt();
  return wait <= absl::ZeroDuration() ? absl::OkStatus() : ending_.Sleep(wait);
}

absl::Duration Pace::CpuDebt() {
  if (cpu_share_ <= 0) return absl::ZeroDuration();
  const absl::Duration used = cpu_time_();
  const absl::Duration wait = cpu_.Take(absl::ToDoubleSeconds(used - cpu_seen_), clock_.Monotonic());
  cpu_seen_ = used;
  return wait;
}

absl::Status Pace::BeforeRead(uint64_t bytes) {
  HOZEN_RETURN_IF_ERROR(Poll());
  const absl::Duration wait = reads_.Take(static_cast<double>(bytes), clock_.Monotonic());
  if (wait <= absl::ZeroDuration()) return absl::OkStatus();
  return ending_.Sleep(wait);
}

absl::Status Pace::BeforeReadPastEarlyEnd(uint64_t bytes) {
  if (clock_.Now() >= deadline_) return absl::DeadlineExceededError("the plan's deadline passed");
  const absl::Duration wait = std::max(CpuDebt(), reads_.Take(static_cast<double>(bytes), clock_.Monotonic()));
  return wait <= absl::ZeroDuration() ? ending_.delivering() : ending_.SleepPastEarlyEnd(wait);
}

}  // namespace hozen
