#include "tools/hozen/moment.h"

#include <gtest/gtest.h>

namespace hozen {
namespace {

TEST(MomentTest, TakesWhatPeopleWrite) {
  const absl::Time nine = absl::FromUnixSeconds(1795597200);  // 2026-11-25T09:00:00Z
  for (const char* text :
       {"2026-11-25T09:00:00Z", "2026-11-25T18:00:00+09:00", "2026-11-25 09:00:00", "2026-11-25T09:00:00",
        "2026-11-25 09:00", "2026-11-25T09:00", "2026-11-25 18:00:00+09:00"}) {
    const absl::StatusOr<absl::Time> moment = ParseMoment(text);
    ASSERT_TRUE(moment.ok()) << text << ": " << moment.status();
    EXPECT_EQ(*moment, nine) << text;
  }
  EXPECT_EQ(*ParseMoment("2026-11-25"), nine - absl::Hours(9));
  EXPECT_EQ(*ParseMoment("2026-11-25T09:00:00.25Z"), nine + absl::Milliseconds(250));
}

TEST(MomentTest, SaysWhatIsNone) {
  for (const char* text :
       {"", "yesterday", "2026-13-01", "2026-11-25T25:00:00Z", "2026-11-25T09:00:00Zx", "11/25/2026"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseMoment(text).status())) << text;
  }
}

}  // namespace
}  // namespace hozen
