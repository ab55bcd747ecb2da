#include "core/base/log.h"

#include <regex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/concat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::vector<std::string> LinesOf(const std::string& text) { return absl::StrSplit(text, '\n', absl::SkipEmpty()); }

class LogTest : public ::testing::Test {
 protected:
  void SetUp() override { SetLogLevel(Severity::kInfo); }
  void TearDown() override { SetLogLevel(Severity::kInfo); }
};

TEST_F(LogTest, WritesTheTimeInUtcTheSeverityAndTheMessage) {
  ::testing::internal::CaptureStderr();
  const absl::Time before = absl::Now();
  Log(Severity::kWarning, "the disk is full free_bytes=0");
  const absl::Time after = absl::Now();
  const std::string line = ::testing::internal::GetCapturedStderr();
  // Not MatchesRegex, which knows only the simplest expressions on Windows.
  EXPECT_TRUE(
      std::regex_match(line, std::regex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z WARN "
                                        "the disk is full free_bytes=0\n")))
      << line;
  absl::Time said;
  std::string error;
  ASSERT_TRUE(absl::ParseTime(absl::RFC3339_full, line.substr(0, line.find(' ')), &said, &error)) << error;
  EXPECT_GE(said, before - absl::Milliseconds(1));
  EXPECT_LE(said, after);
}

TEST_F(LogTest, AHostileMessageStaysOneLineWithoutEscapeSequences) {
  ::testing::internal::CaptureStderr();
  Log(Severity::kError, std::string_view("name=a\nb\x1b[2J\xff\0z 日本", 22));
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), EndsWith("ERROR name=a\\x0ab\\x1b[2J\\xff\\x00z 日本\n"));
}

TEST_F(LogTest, BracesAreNotAFormat) {
  ::testing::internal::CaptureStderr();
  Log(Severity::kInfo, "{} {0:x} %s");
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("INFO {} {0:x} %s\n"));
}

TEST_F(LogTest, DropsWhatIsBelowTheLevel) {
  ::testing::internal::CaptureStderr();
  Log(Severity::kDebug, "dropped");
  SetLogLevel(Severity::kDebug);
  Log(Severity::kDebug, "kept");
  SetLogLevel(Severity::kError);
  Log(Severity::kWarning, "dropped");
  const std::vector<std::string> lines = LinesOf(::testing::internal::GetCapturedStderr());
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines[0], EndsWith("DEBUG kept"));
}

TEST_F(LogTest, LinesOfManyThreadsDoNotMix) {
  ::testing::internal::CaptureStderr();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([i] {
      for (int round = 0; round < 50; ++round) Log(Severity::kInfo, Concat("thread=", i, " end"));
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::vector<std::string> lines = LinesOf(::testing::internal::GetCapturedStderr());
  EXPECT_THAT(lines, SizeIs(200));
  for (const std::string& line : lines) {
    EXPECT_TRUE(std::regex_match(line, std::regex(".*Z INFO thread=[0-3] end"))) << line;
  }
}

}  // namespace
}  // namespace hozen
