#include "collector/fleet/attempt_limiter.h"

#include <gtest/gtest.h>

#include "core/base/fake_clock.h"

namespace hozen {
namespace {

TEST(AttemptLimiter, LetsTryAgainOnlyWithTimeAfterTooManyFailures) {
  FakeClock clock;
  AttemptLimiter limiter(3, absl::Seconds(1), clock);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(limiter.MayTry());
    limiter.Failed();
  }
  EXPECT_FALSE(limiter.MayTry());
  clock.Advance(absl::Milliseconds(900));
  EXPECT_FALSE(limiter.MayTry());
  clock.Advance(absl::Milliseconds(200));
  EXPECT_TRUE(limiter.MayTry());
  limiter.Failed();
  EXPECT_FALSE(limiter.MayTry());
}

TEST(AttemptLimiter, SavesNoMoreThanItsBurst) {
  FakeClock clock;
  AttemptLimiter limiter(2, absl::Seconds(1), clock);
  clock.Advance(absl::Hours(1));
  limiter.Failed();
  limiter.Failed();
  EXPECT_FALSE(limiter.MayTry());
}

}  // namespace
}  // namespace hozen
