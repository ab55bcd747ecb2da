// Which host of a hunt begins next, and when a hunt ends: pure rules over what is known of its hosts. Knows no time of
// its own, no network and no catalog.
#ifndef HOZEN_COLLECTOR_FLEET_HUNT_SCHEDULE_H_
#define HOZEN_COLLECTOR_FLEET_HUNT_SCHEDULE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "proto/hozen/v1/hunt.pb.h"

namespace hozen {

// Thread-compatible. Hosts are numbered from 0 in the plan's order, which is that of their turns. Every call but the
// constructor takes at most the logarithm of their number.
class HuntSchedule {
 public:
  // No host begins before `next_start`: what a process before this one has let begin counts. A `next_start` further
  // ahead than one interval is of a clock that was wrong, and is passed over.
  HuntSchedule(const v1::HuntLimits& limits, absl::Time deadline, absl::Time next_start, size_t hosts);

  // Until it is said, a host waits, is away and has sent nothing.
  void SetState(size_t host, v1::HuntHost::State state);
  void SetConnected(size_t host, bool connected);
  void SetSentBytes(size_t host, uint64_t bytes);

  struct Ending {
    v1::Hunt::State state;
    std::string detail;
  };
  // At most one of `end` and `start` is set. Where neither is, nothing is to be done before `look_again`, unless
  // something is said.
  struct Turn {
    std::optional<Ending> end;
    std::optional<size_t> start;
    absl::Time look_again = absl::InfiniteFuture();
  };
  Turn Next(absl::Time now) const;

  // The host was offered the plan. Returns from when on the next may begin.
  absl::Time Started(size_t host, absl::Time now);

  size_t waiting_away() const { return waiting_ - ready_.size(); }
  v1::HuntHost::State state(size_t host) const { return hosts_[host].state; }
  // Those that were offered the plan or run, wherever they are.
  const std::set<size_t>& under_way() const { return under_way_; }

 private:
  struct Host {
    v1::HuntHost::State state = v1::HuntHost::STATE_WAITING;
    bool connected = false;
    uint64_t sent_bytes = 0;
  };

  // Takes the host out of all sums, or puts it in.
  void Count(size_t host, bool in);
  std::optional<Ending> LimitReached() const;
  std::optional<Ending> EndAt(absl::Time now) const;

  const v1::HuntLimits limits_;
  const absl::Time deadline_;
  const absl::Duration interval_;
  absl::Time next_start_;
  std::vector<Host> hosts_;
  std::set<size_t> ready_;  // waiting and connected
  std::set<size_t> under_way_;
  size_t waiting_ = 0;
  size_t offered_ = 0;
  size_t at_work_ = 0;  // under way and connected
  size_t failed_ = 0;
  uint64_t sent_bytes_ = 0;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_FLEET_HUNT_SCHEDULE_H_
