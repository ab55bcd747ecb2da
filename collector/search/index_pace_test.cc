#include "collector/search/index_pace.h"

#include <gtest/gtest.h>

namespace hozen {
namespace {

constexpr absl::Duration kBatch = absl::Milliseconds(200);

TEST(IndexPace, DoesNotRestWhileNothingIsCommitted) {
  IndexPace pace;
  EXPECT_EQ(pace.RestAfter(kBatch, {}), absl::ZeroDuration());
  EXPECT_EQ(pace.RestAfter(absl::Hours(1), {}), absl::ZeroDuration());
}

TEST(IndexPace, TakesAFourthOfTheTimeWhileACommitIsUnderWay) {
  IndexPace pace;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(pace.RestAfter(kBatch, {.under_way = 1, .begun = 1}), absl::Milliseconds(600));
    EXPECT_FALSE(pace.MayEnd({.under_way = 1, .begun = 1}));
  }
  EXPECT_TRUE(pace.MayEnd({.under_way = 0, .begun = 1})) << "what was waited for has ended";
  EXPECT_EQ(pace.RestAfter(kBatch, {.under_way = 0, .begun = 1}), absl::ZeroDuration());
}

TEST(IndexPace, SmallCommitsBetweenTwoBatchesCountToo) {
  IndexPace pace;
  EXPECT_EQ(pace.RestAfter(kBatch, {.under_way = 0, .begun = 5}), absl::Milliseconds(600));
  EXPECT_FALSE(pace.MayEnd({.under_way = 0, .begun = 6})) << "they go on";
  EXPECT_EQ(pace.RestAfter(kBatch, {.under_way = 0, .begun = 6}), absl::Milliseconds(600));
  EXPECT_EQ(pace.RestAfter(kBatch, {.under_way = 0, .begun = 6}), absl::ZeroDuration());
}

TEST(IndexPace, NeverRestsForLong) {
  IndexPace pace;
  const CommitActivity busy{.under_way = 3, .begun = 9};
  EXPECT_EQ(pace.RestAfter(absl::Hours(2), busy), IndexPace::kLongestRest);
  EXPECT_EQ(pace.RestAfter(absl::InfiniteDuration(), busy), IndexPace::kLongestRest);
  EXPECT_EQ(pace.RestAfter(-absl::Seconds(5), busy), absl::ZeroDuration()) << "a clock that was set back";
}

}  // namespace
}  // namespace hozen
