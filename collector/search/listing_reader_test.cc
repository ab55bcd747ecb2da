#include "collector/search/listing_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hozen {
namespace {

TEST(EntryOfLine, TakesALineApart) {
  const SearchEntry entry =
      EntryOfLine("0|/etc/passwd|131|r/rrw-r--r--|0|42|1853|1700000001|1700000002|1700000003|1700000004").value();
  EXPECT_TRUE(entry.in_listing);
  EXPECT_EQ(entry.path, "/etc/passwd");
  EXPECT_EQ(entry.address, "131");
  EXPECT_EQ(entry.kind, v1::Item::KIND_FILE);
  EXPECT_EQ(entry.mode, 0100644u);
  EXPECT_EQ(entry.uid, 0u);
  EXPECT_EQ(entry.gid, 42u);
  EXPECT_EQ(entry.size_bytes, 1853u);
  EXPECT_EQ(entry.accessed_unix_ns, 1700000001'000000000);
  EXPECT_EQ(entry.modified_unix_ns, 1700000002'000000000);
  EXPECT_EQ(entry.changed_unix_ns, 1700000003'000000000);
  EXPECT_EQ(entry.born_unix_ns, 1700000004'000000000);
  EXPECT_EQ(entry.allocation, Allocation::kAllocated);
}

TEST(EntryOfLine, KnowsWhatStandsBehindNames) {
  const auto line = [](std::string name, std::string mode) {
    return EntryOfLine("0|" + name + "|67-128-1|" + mode + "|0|0|5|1|2|3|4");
  };
  EXPECT_EQ(line("/a b (deleted)", "r/rrwxrwxrwx")->path, "/a b");
  EXPECT_EQ(line("/a (deleted)", "r/rrwxrwxrwx")->allocation, Allocation::kDeleted);
  EXPECT_EQ(line("/a (deleted-realloc)", "r/rrwxrwxrwx")->allocation, Allocation::kReallocated);
  EXPECT_EQ(line("/a ($FILE_NAME) (deleted)", "r/rrwxrwxrwx")->path, "/a");
  EXPECT_TRUE(line("/a ($FILE_NAME)", "r/rrwxrwxrwx")->file_name_times);
  EXPECT_EQ(line("/link -> ../to", "l/lrwxrwxrwx")->path, "/link");
  EXPECT_EQ(line("/a -> b", "r/rrwxrwxrwx")->path, "/a -> b") << "not a link: part of its name";
  EXPECT_EQ(line("/pipe|in|name", "r/rrwxrwxrwx")->path, "/pipe|in|name");
  EXPECT_EQ(line("/a:stream", "r/rrwxrwxrwx")->address, "67-128-1");
  EXPECT_EQ(line("/d", "d/drwxrwxrwt")->mode, 041777u);
  EXPECT_EQ(line("/s", "r/rrwsr-Sr--")->mode, 0106744u);
  EXPECT_EQ(line("/gone", "r/----------")->kind, v1::Item::KIND_FILE);
  EXPECT_EQ(line("/\xff", "r/rrwxrwxrwx")->path, "/\xff");
}

TEST(EntryOfLine, KnowsTimesBefore1970) {
  EXPECT_EQ(EntryOfLine("0|/x|1|r/rrwxrwxrwx|0|0|5|-1|2|3|4")->accessed_unix_ns, -1'000'000'000);
}

TEST(EntryOfLine, RefusesWhatIsNoLine) {
  for (const char* line :
       {"", "|", "text", "0|/x|1|r/rrwxrwxrwx|0|0|5|1|2|3", "0||1|r/rrwxrwxrwx|0|0|5|1|2|3|4",
        "0|/x|1|rwx|0|0|5|1|2|3|4", "0|/x|1|r/rrwxrwxrwx|a|0|5|1|2|3|4", "0|/x|1|r/rrwxrwxrwx|0|0|5|--1|2|3|4",
        "0|/x|1|r/rrwxrwxrwx|0|0|5|1|2|3|99999999999999999"}) {
    EXPECT_FALSE(EntryOfLine(line).has_value()) << line;
  }
}

TEST(ListingReader, GivesTheSameHoweverItIsCut) {
  const std::string text = "0|/a|1|r/rrwxrwxrwx|0|0|5|1|2|3|4\nnonsense\n0|/b|1|r/rrwxrwxrwx|0|0|5|1|2|3|4\n" +
                           std::string(ListingReader::kMaxLineBytes + 10, 'x') + "\n0|/c|1|r/rrwxrwxrwx|0|0|5|1|2|3|4";
  for (const size_t piece : {size_t{1}, size_t{7}, size_t{1000}, text.size()}) {
    std::vector<std::string> paths;
    std::vector<uint64_t> ends;
    ListingReader reader(100, [&](SearchEntry entry, uint64_t behind) {
      paths.push_back(entry.path);
      ends.push_back(behind);
      return absl::OkStatus();
    });
    for (size_t at = 0; at < text.size(); at += piece) {
      ASSERT_TRUE(reader.Feed(std::string_view(text).substr(at, piece)).ok());
    }
    ASSERT_TRUE(reader.Finish().ok());
    EXPECT_EQ(paths, (std::vector<std::string>{"/a", "/b", "/c"}));
    EXPECT_EQ(ends, (std::vector<uint64_t>{100 + text.find("nonsense"), 100 + text.find("xxx"), 100 + text.size()}));
    EXPECT_EQ(reader.malformed(), 2u);
  }
}

TEST(ListingReader, MissingBytesNeverJoinTwoLines) {
  std::vector<std::string> paths;
  ListingReader reader(0, [&](SearchEntry entry, uint64_t) {
    paths.push_back(entry.path);
    return absl::OkStatus();
  });
  ASSERT_TRUE(reader.Feed("0|/a|1|r/rrwxrwxrwx|0|0|5|1|2").ok());
  reader.Skip(4096);
  ASSERT_TRUE(reader.Feed("|3|4\n0|/b|1|r/rrwxrwxrwx|0|0|5|1|2|3|4\n").ok());
  ASSERT_TRUE(reader.Finish().ok());
  EXPECT_EQ(paths, (std::vector<std::string>{"/b"}));
  EXPECT_EQ(reader.malformed(), 1u);
}

TEST(ListingReader, TheHandlersErrorEndsIt) {
  ListingReader reader(0, [](SearchEntry, uint64_t) { return absl::CancelledError("enough"); });
  EXPECT_TRUE(absl::IsCancelled(reader.Feed("0|/a|1|r/rrwxrwxrwx|0|0|5|1|2|3|4\n")));
}

}  // namespace
}  // namespace hozen
