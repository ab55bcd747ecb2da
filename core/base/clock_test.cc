#include "core/base/clock.h"

#include "absl/time/clock.h"
#include "core/base/fake_clock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

TEST(ClockTest, TheRealOneAgreesWithTheSystem) {
  const absl::Time before = absl::Now();
  const absl::Time now = Clock::Real().Now();
  EXPECT_LE(before, now);
  EXPECT_LE(now, absl::Now());
  EXPECT_GE(Clock::Real().NowUnixNs(), absl::ToUnixNanos(now));
}

TEST(ClockTest, MonotonicNeverGoesBack) {
  absl::Duration last = Clock::Real().Monotonic();
  for (int i = 0; i < 1000; ++i) {
    const absl::Duration next = Clock::Real().Monotonic();
    ASSERT_LE(last, next);
    last = next;
  }
}

TEST(FakeClockTest, StandsStillUntilItIsMoved) {
  FakeClock clock;
  const absl::Time start = clock.Now();
  const absl::Duration monotonic = clock.Monotonic();
  EXPECT_EQ(clock.Now(), start);
  clock.Advance(absl::Minutes(5));
  EXPECT_EQ(clock.Now(), start + absl::Minutes(5));
  EXPECT_EQ(clock.Monotonic(), monotonic + absl::Minutes(5));
  EXPECT_EQ(clock.NowUnixNs(), absl::ToUnixNanos(start + absl::Minutes(5)));
}

TEST(FakeClockTest, SettingTheWallClockLeavesTheMonotonicAlone) {
  FakeClock clock;
  clock.Advance(absl::Hours(1));
  const absl::Duration monotonic = clock.Monotonic();
  clock.SetNow(absl::FromUnixSeconds(1));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(1));
  EXPECT_EQ(clock.Monotonic(), monotonic);
}

}  // namespace
}  // namespace hozen
