// Pauses between attempts that grow and differ from agent to agent, so that a fleet does not come back all at once.
#ifndef HOZEN_AGENT_UPLOAD_BACKOFF_H_
#define HOZEN_AGENT_UPLOAD_BACKOFF_H_

#include <random>

#include "absl/time/time.h"

namespace hozen {

// Exponential with full jitter: a random time between `least` and a bound that doubles with each failure up to `most`.
// Thread-compatible.
class Backoff {
 public:
  Backoff(absl::Duration least, absl::Duration most) : least_(least), most_(most), bound_(least) {}

  // How long to wait now, after one more failure.
  absl::Duration Next();
  // It worked: start again from `least`.
  void Reset() { bound_ = least_; }
  // What the next pause is at most.
  absl::Duration bound() const { return bound_; }

 private:
  const absl::Duration least_;
  const absl::Duration most_;
  absl::Duration bound_;
  std::minstd_rand random_{std::random_device()()};
};

}  // namespace hozen

#endif  // HOZEN_AGENT_UPLOAD_BACKOFF_H_
