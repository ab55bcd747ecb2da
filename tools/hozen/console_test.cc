#include "tools/hozen/console.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>

#include "core/base/fake_clock.h"
#include "core/base/language.h"
#include "tools/hozen/exit_code.h"
#include "tools/hozen/progress_bar.h"
#include "tools/hozen/quantity.h"
#include "tools/hozen/table.h"

namespace hozen {
namespace {

class InEnglish : public ::testing::Test {
 protected:
  void SetUp() override { SetUserLanguage(Language::kEnglish); }
};
using Quantity = InEnglish;
using Progress = InEnglish;

TEST_F(Quantity, ReadsSizesAsPeopleWriteThem) {
  EXPECT_EQ(ParseSize("0").value(), 0u);
  EXPECT_EQ(ParseSize("4096").value(), 4096u);
  EXPECT_EQ(ParseSize("64K").value(), 65536u);
  EXPECT_EQ(ParseSize("64k").value(), 65536u);
  EXPECT_EQ(ParseSize("10MiB").value(), 10u << 20);
  EXPECT_EQ(ParseSize("10MB/s").value(), 10u << 20);
  EXPECT_EQ(ParseSize("1.5G").value(), (uint64_t{3} << 30) / 2);
  EXPECT_EQ(ParseSize("9223372036854775807").value(), 9223372036854775807u);
}

TEST_F(Quantity, RefusesWhatIsNoSize) {
  for (const char* text : {"", "G", "-1", "1X", "1.G", ".5G", "1..5G", "ten", "1 G", "10iB", "1e9",
                           "9223372036854775808", "8192P", "99999999999999999999999", "1GG", "0x10"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseSize(text).status())) << text;
  }
}

TEST_F(Quantity, ReadsDurationsAsPeopleWriteThem) {
  EXPECT_EQ(ParseDuration("90s").value(), absl::Seconds(90));
  EXPECT_EQ(ParseDuration("4h").value(), absl::Hours(4));
  EXPECT_EQ(ParseDuration("1h30m").value(), absl::Minutes(90));
  EXPECT_EQ(ParseDuration("7d").value(), absl::Hours(168));
}

TEST_F(Quantity, RefusesWhatIsNoDurationOrForEver) {
  for (const char* text : {"", "0s", "4", "h", "4x", "-4h", "4h30", "11000d", "9999999999999s", "1.5h", "4 h"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseDuration(text).status())) << text;
  }
}

TEST_F(Quantity, WritesSizesCountsAndDurationsShort) {
  EXPECT_EQ(FormatSize(0), "0 B");
  EXPECT_EQ(FormatSize(1023), "1023 B");
  EXPECT_EQ(FormatSize(1536), "1.5 KiB");
  EXPECT_EQ(FormatSize((uint64_t{1} << 30) - 1), "1.0 GiB");
  EXPECT_EQ(FormatSize(uint64_t{12} << 30), "12 GiB");
  EXPECT_EQ(FormatSize(~uint64_t{0}), "16 EiB");
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1234567), "1,234,567");
  EXPECT_EQ(ShortDuration(absl::Seconds(250)), "4m 10s");
  EXPECT_EQ(ShortDuration(absl::Minutes(125)), "2h 05m");
  EXPECT_EQ(ShortDuration(absl::Hours(76)), "3d 4h");
  EXPECT_EQ(ShortDuration(absl::Seconds(-5)), "0s");
}

TEST_F(Quantity, WritesTimesInUtcAndNothingForUnknownOnes) {
  EXPECT_EQ(FormatUtc(0), "");
  EXPECT_EQ(FormatUtc(1763791926'123000000), "2025-11-22T06:12:06.123Z");
  EXPECT_EQ(FormatUtc(1763791926'000000000), "2025-11-22T06:12:06Z");
  EXPECT_EQ(FormatLocal(0), "-");
}

TEST(TableText, CountsColumnsOfWideCombiningAndColouredText) {
  EXPECT_EQ(DisplayWidth("abc"), 3u);
  EXPECT_EQ(DisplayWidth("端末"), 4u);
  EXPECT_EQ(DisplayWidth("e\xcc\x81"), 1u);
  EXPECT_EQ(DisplayWidth("\x1b[32mok\x1b[0m"), 2u);
  EXPECT_EQ(DisplayWidth("\xe7\xab"), 1u) << "a character that was cut off is not read past";
}

TEST(TableText, AlignsColumnsAndLeavesNoBlanksAtTheEnd) {
  Table table({{"NAME"}, {"SIZE", Table::Align::kRight}, {"NOTE"}});
  table.Add({"a", "1", "x"});
  table.Add({"端末", "1000", ""});
  table.Add({"only"});
  EXPECT_EQ(table.Render(),
            "NAME  SIZE  NOTE\n"
            "a        1  x\n"
            "端末  1000\n"
            "only\n");
}

TEST(TableText, LeavesOutPropertiesWithoutAValue) {
  EXPECT_EQ(RenderProperties({{"state", "complete"}, {"detail", ""}, {"id", "17"}}), "state  complete\nid     17\n");
}

TEST_F(Progress, ShowsPercentRateTimeLeftAndWhatWasDeduplicated) {
  ProgressSnapshot snapshot;
  snapshot.label = "running";
  snapshot.done_bytes = uint64_t{3} << 30;
  snapshot.expected_bytes = uint64_t{4} << 30;
  snapshot.deduplicated_bytes = uint64_t{1} << 30;
  snapshot.items = 1234;
  snapshot.failed_items = 2;
  const std::string line = RenderProgress(snapshot, 64 << 20, 200);
  EXPECT_EQ(
      line,
      "running   75 % [##################......] 3.0 GiB/4.0 GiB  64 MiB/s  left 16s  dedup 1.0 GiB  1,234 items  2 "
      "failed");
}

TEST_F(Progress, NeverSaysAHundredPercentBeforeTheEnd) {
  ProgressSnapshot snapshot;
  snapshot.expected_bytes = 100'000;
  snapshot.done_bytes = 99'999;
  EXPECT_NE(RenderProgress(snapshot, 0, 200).find(" 99 %"), std::string::npos);
  snapshot.done_bytes = 100'000;
  EXPECT_NE(RenderProgress(snapshot, 0, 200).find("100 %"), std::string::npos);
  snapshot.done_bytes = 250'000;
  EXPECT_NE(RenderProgress(snapshot, 0, 200).find("100 %"), std::string::npos);
}

TEST_F(Progress, FitsTheTerminalAlsoWhereCharactersAreWide) {
  ProgressSnapshot snapshot;
  snapshot.label = "取得";
  snapshot.note = std::string(300, 'x') + "端末端末";
  snapshot.done_bytes = 1;
  for (size_t columns = 1; columns < 100; ++columns) {
    EXPECT_LE(DisplayWidth(RenderProgress(snapshot, 0, columns)), columns);
  }
}

TEST_F(Progress, DrawsOneLineAgainAndTakesItAway) {
  std::ostringstream out;
  FakeClock clock;
  {
    ProgressBar bar(out, ProgressBar::Mode::kBar, 100, clock);
    ProgressSnapshot snapshot;
    snapshot.expected_bytes = 1000 << 20;
    for (int second = 0; second <= 10; ++second) {
      snapshot.done_bytes = static_cast<uint64_t>(second) * (10 << 20);
      bar.Update(snapshot);
      clock.Advance(absl::Seconds(1));
    }
  }
  const std::string text = out.str();
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_NE(text.find("10 MiB/s"), std::string::npos) << text;
  EXPECT_NE(text.find("left 1m 30s"), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with("\r\x1b[K"));
}

TEST_F(Progress, WritesALineNowAndThenOffATerminalWithoutEscapes) {
  std::ostringstream out;
  FakeClock clock;
  ProgressBar bar(out, ProgressBar::Mode::kLines, 80, clock);
  ProgressSnapshot snapshot;
  for (int second = 0; second < 25; ++second) {
    snapshot.done_bytes += 1;
    bar.Update(snapshot);
    clock.Advance(absl::Seconds(1));
  }
  const std::string text = out.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find('\r'), std::string::npos);
}

TEST_F(Progress, SaysNothingWhereItIsOff) {
  std::ostringstream out;
  FakeClock clock;
  ProgressBar bar(out, ProgressBar::Mode::kOff, 80, clock);
  bar.Update({});
  bar.Clear();
  EXPECT_EQ(out.str(), "");
}

TEST(ConsoleText, PaintsOnlyWhereColoursAreWanted) {
  std::ostringstream out, err;
  Console console(out, err);
  EXPECT_EQ(console.Paint(Console::Colour::kGood, "ok"), "ok");
  console.options().colour = true;
  EXPECT_EQ(console.Paint(Console::Colour::kGood, "ok"), "\x1b[32mok\x1b[0m");
  console.options().json = true;
  EXPECT_EQ(console.Paint(Console::Colour::kGood, "ok"), "ok");
}

TEST(ConsoleText, KeepsNotesOffTheAnswer) {
  std::ostringstream out, err;
  Console console(out, err);
  console.Print("answer");
  console.Note("note");
  console.options().quiet = true;
  console.Note("another");
  EXPECT_EQ(out.str(), "answer\n");
  EXPECT_EQ(err.str(), "note\n");
}

TEST(ExitCodes, AreThoseThatAreDocumented) {
  EXPECT_EQ(ExitCodeOf(absl::OkStatus()), ExitCode::kOk);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(absl::InternalError(""))), 1);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(absl::InvalidArgumentError(""))), 2);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(absl::DataLossError(""))), 4);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(absl::PermissionDeniedError(""))), 5);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(absl::UnauthenticatedError(""))), 5);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(absl::UnavailableError(""))), 6);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(absl::DeadlineExceededError(""))), 6);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(absl::NotFoundError(""))), 7);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(absl::ResourceExhaustedError(""))), 9);
}

}  // namespace
}  // namespace hozen
