#include "collector/fleet/hunt_schedule.h"

#include <algorithm>

#include "core/base/concat.h"

namespace hozen {
namespace {

// Agents end at the deadline by themselves, and then send what they have; longer than this nobody waits for one that
// went away for good.
constexpr absl::Duration kLastWord = absl::Hours(24);

absl::Duration IntervalOf(const v1::HuntLimits& limits) {
  return limits.starts_per_hour() == 0 ? absl::ZeroDuration() : absl::Hours(1) / limits.starts_per_hour();
}

bool IsUnderWay(v1::HuntHost::State state) {
  return state == v1::HuntHost::STATE_OFFERED || state == v1::HuntHost::STATE_RUNNING;
}

}  // namespace

HuntSchedule::HuntSchedule(const v1::HuntLimits& limits, absl::Time deadline, absl::Time next_start, size_t hosts)
    : limits_(limits),
      deadline_(deadline),
      interval_(IntervalOf(limits)),
      next_start_(next_start),
      hosts_(hosts),
      waiting_(hosts) {}

void HuntSchedule::Count(size_t index, bool in) {
  const Host& host = hosts_[index];
  const auto add = [in](size_t& sum) { in ? ++sum : --sum; };
  const auto put = [in, index](std::set<size_t>& set) { in ? set.insert(index).second : set.erase(index) > 0; };
  const bool failed = host.state == v1::HuntHost::STATE_FAILED ||
                      (limits_.count_incomplete() && host.state == v1::HuntHost::STATE_COMPLETE_WITH_FAILURES);
  if (failed) add(failed_);
  if (host.state == v1::HuntHost::STATE_WAITING) {
    add(waiting_);
    if (host.connected) put(ready_);
  } else if (IsUnderWay(host.state)) {
    put(under_way_);
    if (host.state == v1::HuntHost::STATE_OFFERED) add(offered_);
    if (host.connected) add(at_work_);
  }
  sent_bytes_ = in ? sent_bytes_ + host.sent_bytes : sent_bytes_ - host.sent_bytes;
}

void HuntSchedule::SetState(size_t host, v1::HuntHost::State state) {
  Count(host, false);
  hosts_[host].state = state;
  Count(host, true);
}

void HuntSchedule::SetConnected(size_t host, bool connected) {
  Count(host, false);
  hosts_[host].connected = connected;
  Count(host, true);
}

void HuntSchedule::SetSentBytes(size_t host, uint64_t bytes) {
  Count(host, false);
  hosts_[host].sent_bytes = bytes;
  Count(host, true);
}

absl::Time HuntSchedule::Started(size_t host, absl::Time now) {
  SetState(host, v1::HuntHost::STATE_OFFERED);
  next_start_ = now + interval_;
  return next_start_;
}

std::optional<HuntSchedule::Ending> HuntSchedule::LimitReached() const {
  const uint64_t bytes = limits_.stop_after_bytes();
  if (bytes > 0 && sent_bytes_ >= bytes) {
    return Ending{v1::Hunt::STATE_STOPPED_BY_LIMIT,
                  Concat("its hosts have sent ", sent_bytes_, " bytes, the limit is ", bytes)};
  }
  const size_t failures = limits_.stop_after_failures();
  if (failures > 0 && failed_ >= failures) {
    return Ending{
        v1::Hunt::STATE_STOPPED_BY_LIMIT,
        Concat(failed_, failed_ == 1 ? " host has failed, the limit is " : " hosts have failed, the limit is ",
               failures)};
  }
  return std::nullopt;
}

std::optional<HuntSchedule::Ending> HuntSchedule::EndAt(absl::Time now) const {
  if (waiting_ == 0 && under_way_.empty()) return Ending{v1::Hunt::STATE_COMPLETE, ""};
  if (now >= deadline_) {
    if (const size_t never = waiting_ + offered_; never > 0) {
      return Ending{v1::Hunt::STATE_EXPIRED,
                    Concat("the plan's deadline passed before ", never, never == 1 ? " host" : " hosts", " had begun")};
    }
    if (now >= deadline_ + kLastWord) {
      return Ending{v1::Hunt::STATE_EXPIRED,
                    Concat(under_way_.size(), " of its hosts did not come back after the plan's deadline")};
    }
  }
  // Where nobody waits for his turn there is nothing to stop.
  return waiting_ == 0 ? std::nullopt : LimitReached();
}

HuntSchedule::Turn HuntSchedule::Next(absl::Time now) const {
  Turn turn;
  turn.end = EndAt(now);
  if (turn.end.has_value()) return turn;
  turn.look_again = now < deadline_ ? deadline_ : deadline_ + kLastWord;
  if (ready_.empty() || now >= deadline_) return turn;
  if (limits_.at_once() > 0 && at_work_ >= limits_.at_once()) return turn;
  const absl::Time allowed = std::min(next_start_, now + interval_);
  if (now < allowed) {
    turn.look_again = std::min(turn.look_again, allowed);
  } else {
    turn.start = *ready_.begin();
  }
  return turn;
}

}  // namespace hozen
