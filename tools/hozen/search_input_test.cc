#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "core/base/concat.h"
#include "tools/hozen/hash_list.h"
#include "tools/hozen/point_in_time.h"

namespace hozen {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'795'000'000);
constexpr int64_t kSecond = 1'000'000'000;
const std::string kHash(64, 'a');

int64_t Begin(std::string_view text) { return ParseMoment(text, kNow).value().begin_unix_ns; }
int64_t Size(std::string_view text) {
  const Moment moment = ParseMoment(text, kNow).value();
  return moment.end_unix_ns - moment.begin_unix_ns;
}

TEST(ParseMoment, NamesADayAMinuteASecond) {
  EXPECT_EQ(Begin("1970-01-02"), 86'400 * kSecond);
  EXPECT_EQ(Size("1970-01-02"), 86'400 * kSecond);
  EXPECT_EQ(Begin("1970-01-01 00:01"), 60 * kSecond);
  EXPECT_EQ(Size("1970-01-01T00:01"), 60 * kSecond);
  EXPECT_EQ(Begin("1970-01-01T00:00:07Z"), 7 * kSecond);
  EXPECT_EQ(Size("1970-01-01T00:00:07Z"), kSecond);
  EXPECT_EQ(Begin("1970-01-01T00:00:07.25Z"), 7'250'000'000);
  EXPECT_EQ(Size("1970-01-01T00:00:07.25"), 1);
  EXPECT_EQ(Begin("1970-01-01T09:00+09:00"), 0);
  EXPECT_EQ(Begin("1969-12-31"), -86'400 * kSecond);
  EXPECT_EQ(Begin("@1795000000"), 1'795'000'000 * kSecond);
  EXPECT_EQ(Size("@5"), kSecond);
  EXPECT_EQ(Begin("1h"), (1'795'000'000 - 3600) * kSecond);
  EXPECT_EQ(Size("3d"), 0);
}

TEST(ParseMoment, RefusesWhatIsNone) {
  for (const char* text : {"",
                           "now",
                           "-",
                           "yesterday",
                           "2026-13-01",
                           "2026-02-30",
                           "2026-1-1x",
                           "2026-11-22 25:00",
                           "2026-11-22T06",
                           "12345-01-01",
                           "0001-01-01",
                           "2250-01-01",
                           "@",
                           "@x",
                           "@99999999999999999999",
                           "@9999999999999",
                           " 2026-11-22",
                           "2026-11-22 ",
                           "1y",
                           "0s",
                           "2026-11-22T06:12:07+99:99:99"}) {
    const absl::Status status = ParseMoment(text, kNow).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << text;
    EXPECT_NE(status.message().find("2026-11-22"), absl::string_view::npos) << "it says how to write it";
  }
}

TEST(ParseHash, SaysWhatItIsInstead) {
  EXPECT_EQ(ParseHash(kHash)->ToHex(), kHash);
  EXPECT_NE(ParseHash(std::string(32, 'a')).status().message().find("MD5"), absl::string_view::npos);
  EXPECT_NE(ParseHash(std::string(40, 'a')).status().message().find("SHA-1"), absl::string_view::npos);
  EXPECT_TRUE(absl::IsInvalidArgument(ParseHash("xyz").status()));
  EXPECT_LT(ParseHash(std::string(1 << 20, 'x')).status().message().size(), 1000u);
}

TEST(ReadHashes, TakesWhatSha256sumWritesInParts) {
  std::string text =
      Concat("# known bad\n\n", kHash, "  /bin/evil\n\\", std::string(64, 'B'), "  a\\nb\r\n", kHash, "\n");
  for (int i = 0; i < 7; ++i) text += Concat(std::string(63, '0'), i, "\n");
  std::istringstream in(text);
  std::vector<size_t> parts;
  ASSERT_TRUE(ReadHashes(in, "list", 3, [&](const std::vector<Digest>& part) {
                parts.push_back(part.size());
                return absl::OkStatus();
              }).ok());
  EXPECT_EQ(parts, (std::vector<size_t>{2, 3, 3, 1})) << "the first had one twice";
}

TEST(ReadHashes, NamesTheLineThatIsWrong) {
  const auto keep = [](const std::vector<Digest>&) { return absl::OkStatus(); };
  std::istringstream in(Concat(kHash, "\nnonsense\n"));
  const absl::Status status = ReadHashes(in, "list", 10, keep);
  EXPECT_NE(status.message().find("list:2"), absl::string_view::npos) << status;
  std::istringstream empty("\n# nothing\n");
  EXPECT_TRUE(absl::IsInvalidArgument(ReadHashes(empty, "list", 10, keep)));
  std::istringstream one(kHash);
  EXPECT_TRUE(absl::IsCancelled(
      ReadHashes(one, "list", 10, [](const std::vector<Digest>&) { return absl::CancelledError("enough"); })));
}

}  // namespace
}  // namespace hozen
