#include "collector/fleet/hunt_schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "core/base/fake_clock.h"

namespace hozen {
namespace {

using State = v1::HuntHost;

class HuntScheduleTest : public testing::Test {
 protected:
  HuntSchedule Make(size_t hosts) { return HuntSchedule(limits_, deadline_, next_start_, hosts); }

  // Lets begin what may, hour by hour of the fake clock, until nothing more happens before `until`; returns when.
  std::vector<absl::Duration> StartsUntil(HuntSchedule& schedule, absl::Duration until) {
    std::vector<absl::Duration> starts;
    while (clock_.Now() - begin_ < until) {
      const HuntSchedule::Turn turn = schedule.Next(clock_.Now());
      if (turn.end.has_value()) break;
      if (turn.start.has_value()) {
        starts.push_back(clock_.Now() - begin_);
        schedule.Started(*turn.start, clock_.Now());
      } else {
        clock_.Advance(std::min(turn.look_again, begin_ + until) - clock_.Now());
      }
    }
    return starts;
  }

  FakeClock clock_;
  const absl::Time begin_ = clock_.Now();
  const absl::Time deadline_ = begin_ + absl::Hours(24);
  absl::Time next_start_ = begin_;
  v1::HuntLimits limits_;
};

TEST_F(HuntScheduleTest, OnlyConnectedHostsBeginInTheOrderOfThePlan) {
  HuntSchedule schedule = Make(3);
  EXPECT_EQ(schedule.Next(clock_.Now()).start, std::nullopt);
  EXPECT_EQ(schedule.Next(clock_.Now()).look_again, deadline_);
  EXPECT_EQ(schedule.waiting_away(), 3u);
  schedule.SetConnected(2, true);
  schedule.SetConnected(1, true);
  EXPECT_EQ(schedule.Next(clock_.Now()).start, 1u);
  schedule.Started(1, clock_.Now());
  EXPECT_EQ(schedule.Next(clock_.Now()).start, 2u);
  schedule.SetConnected(2, false);
  EXPECT_EQ(schedule.Next(clock_.Now()).start, std::nullopt);
  EXPECT_EQ(schedule.waiting_away(), 2u);
}

TEST_F(HuntScheduleTest, StartsAreEvenlySpacedAndNeverMoreThanTheRate) {
  limits_.set_starts_per_hour(60 * 12);
  HuntSchedule schedule = Make(100);
  for (size_t host = 0; host < 100; ++host) schedule.SetConnected(host, true);
  const std::vector<absl::Duration> starts = StartsUntil(schedule, absl::Minutes(3));
  ASSERT_EQ(starts.size(), 36u);
  for (size_t i = 0; i < starts.size(); ++i) EXPECT_EQ(starts[i], absl::Seconds(5) * i);
}

TEST_F(HuntScheduleTest, TheRateHoldsOverARestart) {
  limits_.set_starts_per_hour(60);
  HuntSchedule before = Make(2);
  before.SetConnected(0, true);
  next_start_ = before.Started(0, clock_.Now());
  clock_.Advance(absl::Seconds(20));
  HuntSchedule after = Make(2);
  after.SetState(0, State::STATE_OFFERED);
  after.SetConnected(1, true);
  EXPECT_EQ(after.Next(clock_.Now()).start, std::nullopt);
  EXPECT_EQ(after.Next(clock_.Now()).look_again, begin_ + absl::Minutes(1));
  clock_.Advance(absl::Seconds(40));
  EXPECT_EQ(after.Next(clock_.Now()).start, 1u);
}

TEST_F(HuntScheduleTest, TimeThatWasNotUsedIsNotSaved) {
  limits_.set_starts_per_hour(60);
  HuntSchedule schedule = Make(3);
  clock_.Advance(absl::Hours(1));
  for (size_t host = 0; host < 3; ++host) schedule.SetConnected(host, true);
  EXPECT_EQ(StartsUntil(schedule, absl::Minutes(61)).size(), 1u);
}

TEST_F(HuntScheduleTest, AClockThatIsSetBackHoldsAHuntUpForOneIntervalAtMost) {
  limits_.set_starts_per_hour(60);
  HuntSchedule schedule = Make(2);
  schedule.SetConnected(0, true);
  schedule.SetConnected(1, true);
  schedule.Started(0, clock_.Now());
  clock_.SetNow(begin_ - absl::Hours(5));
  const HuntSchedule::Turn turn = schedule.Next(clock_.Now());
  EXPECT_EQ(turn.start, std::nullopt);
  EXPECT_EQ(turn.look_again, clock_.Now() + absl::Minutes(1));
}

TEST_F(HuntScheduleTest, OnlySoManyAreAtWorkAtOnceAndWhoGoesAwayHoldsNoPlace) {
  limits_.set_at_once(2);
  HuntSchedule schedule = Make(5);
  for (size_t host = 0; host < 5; ++host) schedule.SetConnected(host, true);
  EXPECT_EQ(StartsUntil(schedule, absl::Minutes(1)).size(), 2u);
  schedule.SetState(0, State::STATE_RUNNING);
  EXPECT_EQ(schedule.Next(clock_.Now()).start, std::nullopt);
  schedule.SetState(0, State::STATE_COMPLETE);
  EXPECT_EQ(schedule.Next(clock_.Now()).start, 2u);
  schedule.Started(2, clock_.Now());
  EXPECT_EQ(schedule.Next(clock_.Now()).start, std::nullopt);
  schedule.SetConnected(1, false);
  EXPECT_EQ(schedule.Next(clock_.Now()).start, 3u);
  EXPECT_EQ(schedule.under_way(), (std::set<size_t>{1, 2}));
}

TEST_F(HuntScheduleTest, StopsAfterSoManyFailures) {
  limits_.set_stop_after_failures(2);
  HuntSchedule schedule = Make(4);
  schedule.SetState(0, State::STATE_FAILED);
  schedule.SetState(1, State::STATE_COMPLETE_WITH_FAILURES);
  EXPECT_FALSE(schedule.Next(clock_.Now()).end.has_value());
  schedule.SetState(2, State::STATE_FAILED);
  const HuntSchedule::Turn turn = schedule.Next(clock_.Now());
  ASSERT_TRUE(turn.end.has_value());
  EXPECT_EQ(turn.end->state, v1::Hunt::STATE_STOPPED_BY_LIMIT);
  EXPECT_EQ(turn.end->detail, "2 hosts have failed, the limit is 2");
  // A retry takes its failure back.
  schedule.SetState(2, State::STATE_WAITING);
  EXPECT_FALSE(schedule.Next(clock_.Now()).end.has_value());
}

TEST_F(HuntScheduleTest, CountsIncompleteOnesAsFailedWhereAsked) {
  limits_.set_stop_after_failures(1);
  limits_.set_count_incomplete(true);
  HuntSchedule schedule = Make(2);
  schedule.SetState(0, State::STATE_COMPLETE_WITH_FAILURES);
  EXPECT_EQ(schedule.Next(clock_.Now()).end->detail, "1 host has failed, the limit is 1");
}

TEST_F(HuntScheduleTest, StopsAfterSoManyBytesOfAllHosts) {
  limits_.set_stop_after_bytes(1000);
  HuntSchedule schedule = Make(3);
  schedule.SetConnected(2, true);
  schedule.SetSentBytes(0, 600);
  schedule.SetSentBytes(0, 700);
  schedule.SetSentBytes(1, 299);
  EXPECT_EQ(schedule.Next(clock_.Now()).start, 2u);
  schedule.SetSentBytes(1, 300);
  EXPECT_EQ(schedule.Next(clock_.Now()).end->state, v1::Hunt::STATE_STOPPED_BY_LIMIT);
  EXPECT_EQ(schedule.Next(clock_.Now()).start, std::nullopt);
}

TEST_F(HuntScheduleTest, IsCompleteOnceEveryHostHasEndedOneWayOrAnother) {
  limits_.set_stop_after_failures(1);
  HuntSchedule schedule = Make(2);
  schedule.SetState(0, State::STATE_COMPLETE);
  schedule.SetState(1, State::STATE_RUNNING);
  EXPECT_FALSE(schedule.Next(clock_.Now()).end.has_value());
  schedule.SetState(1, State::STATE_FAILED);
  EXPECT_EQ(schedule.Next(clock_.Now()).end->state, v1::Hunt::STATE_COMPLETE);
}

TEST_F(HuntScheduleTest, ExpiresAtTheDeadlineWhereSomebodyHasNotBegun) {
  HuntSchedule schedule = Make(2);
  schedule.SetState(0, State::STATE_RUNNING);
  schedule.SetConnected(1, true);
  schedule.Started(1, clock_.Now());
  clock_.SetNow(deadline_);
  const HuntSchedule::Turn turn = schedule.Next(clock_.Now());
  EXPECT_EQ(turn.end->state, v1::Hunt::STATE_EXPIRED);
  EXPECT_EQ(turn.end->detail, "the plan's deadline passed before 1 host had begun");
}

TEST_F(HuntScheduleTest, WaitsADayAfterTheDeadlineForThoseThatRun) {
  HuntSchedule schedule = Make(1);
  schedule.SetState(0, State::STATE_RUNNING);
  clock_.SetNow(deadline_ + absl::Hours(1));
  EXPECT_FALSE(schedule.Next(clock_.Now()).end.has_value());
  EXPECT_EQ(schedule.Next(clock_.Now()).look_again, deadline_ + absl::Hours(24));
  clock_.SetNow(deadline_ + absl::Hours(24));
  EXPECT_EQ(schedule.Next(clock_.Now()).end->state, v1::Hunt::STATE_EXPIRED);
}

// Ten times the hosts take about ten times as long, not a hundred. Work is counted by the turns that are needed, and
// the sizes are such that looking at every host at every turn would take minutes.
TEST_F(HuntScheduleTest, FiveThousandHostsAndMoreAreNoBurden) {
  for (const size_t hosts : {5'000u, 200'000u}) {
    limits_.set_at_once(50);
    HuntSchedule schedule = Make(hosts);
    for (size_t host = hosts; host-- > 0;) schedule.SetConnected(host, true);
    size_t turns = 0;
    while (true) {
      const HuntSchedule::Turn turn = schedule.Next(clock_.Now());
      ++turns;
      if (turn.end.has_value()) break;
      if (turn.start.has_value()) {
        schedule.Started(*turn.start, clock_.Now());
      } else {
        const size_t first = *schedule.under_way().begin();
        schedule.SetState(first, State::STATE_RUNNING);
        schedule.SetState(first, State::STATE_COMPLETE);
      }
    }
    EXPECT_LE(turns, 2 * hosts + 1);
  }
}

}  // namespace
}  // namespace hozen
