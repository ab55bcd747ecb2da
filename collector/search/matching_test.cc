#include "collector/search/matching.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "collector/search/byte_trigrams.h"
#include "core/base/printable.h"

namespace hozen {
namespace {

SearchEntry Entry(std::string path) {
  SearchEntry entry;
  entry.path = std::move(path);
  return entry;
}

bool Finds(const SearchQuery& query, const std::string& path) { return Matches(query, Entry(path)); }

TEST(Matching, AGlobIsOverBytesAndHostileOnesAreOnlyPatterns) {
  EXPECT_TRUE(Finds({.path_glob = "*"}, "/any"));
  EXPECT_TRUE(Finds({.path_glob = "/etc/*.conf"}, "/etc/a/b.conf"));
  EXPECT_TRUE(Finds({.path_glob = "/100%_'\"*"}, "/100%_'\";DROP TABLE paths"));
  EXPECT_FALSE(Finds({.path_glob = "/100%"}, "/100 per cent")) << "% is no wildcard";
  EXPECT_FALSE(Finds({.path_glob = "/a_c"}, "/abc")) << "_ is no wildcard";
  EXPECT_TRUE(Finds({.path_glob = "/x[[]1]"}, "/x[1]"));
  EXPECT_TRUE(Finds({.path_glob = "/x[1"}, "/x[1")) << "a set without an end is itself";
  EXPECT_FALSE(Finds({.path_glob = "/ETC/*"}, "/etc/passwd"));
  EXPECT_TRUE(Finds({.path_glob = "/\xff*"}, "/\xff\xfe"));
}

TEST(Matching, ContainsTakesAsciiLettersInEitherCaseAndOtherBytesAsTheyAre) {
  EXPECT_TRUE(Finds({.contains = "EVIL"}, "/tmp/evil.exe"));
  EXPECT_TRUE(Finds({.contains = "evil"}, "/tmp/EVIL.EXE"));
  EXPECT_TRUE(Finds({.contains = "証"}, "/home/証拠.txt"));
  EXPECT_FALSE(Finds({.contains = "ä"}, "/Ä"));
  EXPECT_TRUE(Finds({.contains = "%"}, "/100%"));
  EXPECT_FALSE(Finds({.contains = "%"}, "/100"));
  EXPECT_FALSE(Finds({.contains = "*"}, "/abc"));
  EXPECT_TRUE(ContainsIgnoringCase("", ""));
  EXPECT_FALSE(ContainsIgnoringCase("", "a"));
}

TEST(Matching, ANameIsTheLastPartExactly) {
  EXPECT_TRUE(Finds({.name = "hosts"}, "/etc/hosts"));
  EXPECT_TRUE(Finds({.name = "hosts"}, "C:\\Windows\\hosts"));
  EXPECT_FALSE(Finds({.name = "host"}, "/etc/hosts"));
  EXPECT_FALSE(Finds({.name = "Hosts"}, "/etc/hosts"));
}

TEST(Matching, SizesAndAllocation) {
  SearchEntry entry = Entry("/x");
  entry.size_bytes = 100;
  EXPECT_TRUE(Matches({.min_size_bytes = 100, .max_size_bytes = 100}, entry));
  EXPECT_FALSE(Matches({.min_size_bytes = 101}, entry));
  EXPECT_FALSE(Matches({.max_size_bytes = 99}, entry));
  EXPECT_TRUE(Matches({.deleted = false}, entry));
  EXPECT_FALSE(Matches({.deleted = true}, entry));
  entry.allocation = Allocation::kReallocated;
  EXPECT_TRUE(Matches({.deleted = true}, entry));
}

TEST(Matching, ADeletedFileThatWasCollectedIsDeleted) {
  v1::Item item;
  EXPECT_TRUE(Matches({.deleted = false}, EntryOf(item)));
  item.set_allocation(v1::ALLOCATION_ALLOCATED);
  EXPECT_TRUE(Matches({.deleted = false}, EntryOf(item)));
  item.set_allocation(v1::ALLOCATION_DELETED);
  EXPECT_TRUE(Matches({.deleted = true}, EntryOf(item)));
}

TEST(Matching, TimesAreFromInclusiveToExclusiveAndZeroIsNone) {
  SearchEntry entry = Entry("/x");
  entry.modified_unix_ns = 100;
  entry.changed_unix_ns = 200;
  EXPECT_TRUE(Matches({.from_unix_ns = 100, .to_unix_ns = 101}, entry));
  EXPECT_FALSE(Matches({.from_unix_ns = 101, .to_unix_ns = 200}, entry)) << "100 is before, 200 is not in it";
  EXPECT_FALSE(Matches({.times = kModified, .from_unix_ns = 101}, entry));
  EXPECT_TRUE(Matches({.times = kChanged, .from_unix_ns = 101}, entry));
  EXPECT_FALSE(Matches({.times = kBorn, .to_unix_ns = 50}, entry)) << "when it was born is not known";
  entry.file_name_times = true;
  EXPECT_FALSE(Matches({}, entry)) << "beside the file's own entry, it only has other times";
  EXPECT_TRUE(Matches({.from_unix_ns = 100}, entry));
}

TEST(Matching, RefusesWhatMakesNoSense) {
  const auto refused = [](const SearchQuery& query) { return absl::IsInvalidArgument(CheckQuery(query)); };
  EXPECT_TRUE(CheckQuery(SearchQuery{}).ok());
  EXPECT_TRUE(refused({.path_glob = std::string(1 << 20, '*')}));
  EXPECT_TRUE(refused({.contains = std::string(kMaxPatternBytes + 1, 'a')}));
  EXPECT_FALSE(refused({.contains = std::string(kMaxPatternBytes, 'a')}));
  EXPECT_TRUE(refused({.path_glob = std::string("/a\0b", 4)}));
  EXPECT_TRUE(refused({.name = std::string("\0", 1)}));
  EXPECT_TRUE(refused({.from_unix_ns = 5, .to_unix_ns = 5}));
  EXPECT_TRUE(refused({.min_size_bytes = 2, .max_size_bytes = 1}));
  EXPECT_TRUE(refused({.times = 0, .from_unix_ns = 5}));
  SearchQuery many;
  many.sha256.resize(kMaxHashes + 1);
  EXPECT_TRUE(refused(many));
}

TEST(Matching, APointInTimeHasAllThatHappenedAtIt) {
  SearchEntry entry;
  entry.modified_unix_ns = 20;
  entry.accessed_unix_ns = 30;
  entry.changed_unix_ns = 20;
  const std::vector<PointInTime> points = PointsInTime(entry);
  ASSERT_EQ(points.size(), 2u);
  EXPECT_EQ(points[0].at_unix_ns, 20);
  EXPECT_EQ(points[0].kinds, kModified | kChanged);
  EXPECT_EQ(points[1].kinds, kAccessed);
}

TEST(ByteTrigrams, AnyBytesBecomeTextWithoutANul) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  const std::string text = TrigramText(all);
  EXPECT_TRUE(IsValidUtf8(text));
  EXPECT_EQ(text.find('\0'), std::string::npos);
  EXPECT_EQ(TrigramText("abc"), "abc");
  EXPECT_EQ(TrigramText("\xff"), "\xc3\xbf");
}

TEST(ByteTrigrams, AnExpressionIsQuotedWhateverIsInIt) {
  EXPECT_EQ(TrigramExpression({"abcd"}), "\"abc\" AND \"bcd\"");
  EXPECT_EQ(TrigramExpression({"a\"b"}), "\"a\"\"b\"");
  EXPECT_EQ(TrigramExpression({"ab", "x"}), "");
  EXPECT_EQ(TrigramExpression({}), "");
  EXPECT_EQ(TrigramExpression({"NOT"}), "\"NOT\"");
  EXPECT_LT(TrigramExpression({std::string(4096, 'a')}).size(), 400u) << "long ones are asked for in part";
}

}  // namespace
}  // namespace hozen
