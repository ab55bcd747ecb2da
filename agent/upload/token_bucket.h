// How fast something may go on: so much a second, with a little in reserve.
#ifndef HOZEN_AGENT_UPLOAD_TOKEN_BUCKET_H_
#define HOZEN_AGENT_UPLOAD_TOKEN_BUCKET_H_

#include "absl/time/time.h"

namespace hozen {

// Thread-compatible. Time is given to it, so tests own the clock.
class TokenBucket {
 public:
  // `per_second` 0 means no limit; `burst` is what may be taken at once after a rest.
  TokenBucket(double per_second, double burst) : per_second_(per_second), burst_(burst), tokens_(burst) {}

  // Takes `amount`, going into debt where there is not enough, and returns how long to wait until the debt is paid.
  // `now` is monotonic time.
  absl::Duration Take(double amount, absl::Duration now);

 private:
  const double per_second_;
  const double burst_;
  double tokens_;
  absl::Duration last_ = -absl::InfiniteDuration();
};

}  // namespace hozen

#endif  // HOZEN_AGENT_UPLOAD_TOKEN_BUCKET_H_
