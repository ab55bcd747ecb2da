// The search index against somebody else's idea of matching: SQLite's own GLOB, LIKE, = and IN over a plain table.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "collector/search/sqlite_search_index.h"
#include "collector/store/sqlite.h"
#include "core/base/concat.h"

namespace hozen {
namespace {

using Strings = std::vector<std::string>;

constexpr int kAcquisitions = 20;
constexpr int kEntries = 400;

class SqlJudge : public ::testing::Test {
 protected:
  SqlJudge() {
    std::string folder = ::testing::TempDir() + "/sql_judge_XXXXXX";
    folder_ = mkdtemp(folder.data());
    index_ = OpenSqliteSearchIndex(folder_ / "search.sqlite").value();
    plain_ = SqliteConnection::Open(folder_ / "plain.sqlite", absl::Seconds(1)).value();
    EXPECT_TRUE(plain_
                    ->Execute("CREATE TABLE plain (acquisition TEXT, host TEXT, path TEXT, name TEXT, sha256 BLOB, "
                              "size INTEGER, modified INTEGER, changed INTEGER); BEGIN;")
                    .ok());
    for (int a = 0; a < kAcquisitions; ++a) Fill(a);
    EXPECT_TRUE(plain_->Execute("COMMIT").ok());
  }
  ~SqlJudge() override { std::filesystem::remove_all(folder_); }

  template <size_t size>
  const char* OneOf(const char* const (&them)[size]) {
    return them[random_() % size];
  }

  void Fill(int number) {
    static constexpr const char* kTops[] = {"/usr/lib/", "/usr/share/doc/", "/home/tanaka/", "/var/log/",
                                            "C:/Users/x/"};
    static constexpr const char* kNames[] = {"readme", "README", "index", "libcrypto", "passwd", "data_1", "100%"};
    static constexpr const char* kEndings[] = {".txt", ".so.3", ".HTML", "", ".log"};
    SearchIndex::Batch batch{.acquisition_id = Concat("a", 100 + number),
                             .host_id = Concat("h", number % 7),
                             .from = {},
                             .to = {.next_item = kEntries, .next_byte = 0, .done = true},
                             .entries = {}};
    SqliteStatement insert = plain_->Prepare("INSERT INTO plain VALUES (?, ?, ?, ?, ?, ?, ?, ?)").value();
    for (int i = 0; i < kEntries; ++i) {
      SearchEntry entry;
      entry.item_index = static_cast<uint64_t>(i);
      const std::string name =
          Concat(OneOf(kNames), random_() % 3 == 0 ? Concat("-", random_() % 40) : "", OneOf(kEndings));
      entry.path = Concat(OneOf(kTops), random_() % 2 == 0 ? Concat("package-", random_() % 30, "/") : "", name);
      entry.size_bytes = random_() % 1000;
      entry.sha256 = Sha256::Of(Concat(random_() % 300));
      entry.modified_unix_ns = 1 + static_cast<int64_t>(random_() % 10'000);
      entry.changed_unix_ns = 1 + static_cast<int64_t>(random_() % 10'000);
      insert.Reset();
      insert.BindText(1, batch.acquisition_id)
          .BindText(2, batch.host_id)
          .BindText(3, entry.path)
          .BindText(4, name)
          .BindBlob(5, entry.sha256->bytes())
          .BindInt(6, static_cast<int64_t>(entry.size_bytes))
          .BindInt(7, entry.modified_unix_ns)
          .BindInt(8, entry.changed_unix_ns);
      EXPECT_TRUE(insert.Run().ok());
      batch.entries.push_back(std::move(entry));
    }
    EXPECT_TRUE(index_->Append(batch).ok());
  }

  Strings Found(const SearchQuery& query) {
    Strings found;
    const auto take = [&](const SearchHit& hit) {
      found.push_back(Concat(hit.acquisition_id, " ", hit.entry.path, " ", hit.entry.modified_unix_ns));
      return absl::OkStatus();
    };
    EXPECT_TRUE(index_->Find(query, take, [] { return absl::OkStatus(); }).ok());
    std::sort(found.begin(), found.end());
    return found;
  }
  // `texts` are the condition's parameters, in their order.
  Strings Judged(const std::string& condition, const Strings& texts) {
    SqliteStatement select =
        plain_->Prepare(Concat("SELECT acquisition || ' ' || path || ' ' || modified FROM plain WHERE ", condition))
            .value();
    for (size_t i = 0; i < texts.size(); ++i) select.BindText(static_cast<int>(i) + 1, texts[i]);
    Strings judged;
    while (select.Step().value()) judged.push_back(select.Bytes(0));
    std::sort(judged.begin(), judged.end());
    return judged;
  }
  void ExpectSame(const SearchQuery& query, const std::string& condition, const Strings& texts, size_t at_least = 1) {
    const Strings judged = Judged(condition, texts);
    EXPECT_GE(judged.size(), at_least) << condition << ": a question that nothing answers judges nothing";
    EXPECT_EQ(Found(query), judged) << condition << " " << (texts.empty() ? "" : texts[0]);
  }

  std::mt19937 random_{20261125};
  std::filesystem::path folder_;
  std::unique_ptr<SearchIndex> index_;
  std::unique_ptr<SqliteConnection> plain_;
};

TEST_F(SqlJudge, GlobsAreThoseOfSqlite) {
  for (const char* glob :
       {"/usr/lib/*", "*", "/usr/share/doc/package-1*/index*.txt", "*/readme-?.txt", "*passwd",
        "/home/tanaka/package-[1-3]*/*.so.3", "*.HTML", "C:/Users/x/*", "/var/log/index.log", "*a*e*"}) {
    ExpectSame({.path_glob = glob}, "path GLOB ?", {glob});
    ExpectSame({.path_glob = glob, .host_ids = Strings{"h2", "h5"}}, "path GLOB ? AND host IN ('h2', 'h5')", {glob}, 0);
  }
}

TEST_F(SqlJudge, TextsAreFoundAsSqlitesLikeFindsThem) {
  for (const char* text :
       {"readme", "ReadMe-1", "so", "package-2", "x/", "libcrypto.so.3", "/tanaka/p", "nowhere", "g"}) {
    const size_t at_least = std::string_view(text) == "nowhere" ? 0 : 1;
    ExpectSame({.contains = text}, "path LIKE '%' || ? || '%'", {text}, at_least);
    ExpectSame({.contains = text, .from_unix_ns = 2000, .to_unix_ns = 4000, .acquisition_id = "a107"},
               "path LIKE '%' || ? || '%' AND acquisition = 'a107' AND "
               "(modified >= 2000 AND modified < 4000 OR changed >= 2000 AND changed < 4000)",
               {text}, 0);
  }
  ExpectSame({.contains = "data_1"}, "instr(path, ?) > 0", {"data_1"});
  ExpectSame({.contains = "100%"}, "instr(path, ?) > 0", {"100%"});
}

TEST_F(SqlJudge, NamesHashesTimesAndSizesToo) {
  for (const char* name : {"readme.txt", "README.txt", "passwd", "index-7.log"}) {
    ExpectSame({.name = name}, "name = ?", {name});
    ExpectSame({.name = name, .host_ids = Strings{"h3"}}, "name = ? AND host = 'h3'", {name}, 0);
  }
  SearchQuery hashes;
  std::string in;
  for (int i = 0; i < 2000; ++i) {
    // Of the last few there are files, of all others none.
    const Digest digest = Sha256::Of(Concat(i < 1990 ? "absent " : "", i - 1990));
    hashes.sha256.push_back(digest);
    in += Concat(in.empty() ? "" : ", ", "x'", digest.ToHex(), "'");
  }
  ExpectSame(hashes, Concat("sha256 IN (", in, ")"), {}, 50);
  hashes.host_ids = Strings{"h1"};
  ExpectSame(hashes, Concat("host = 'h1' AND sha256 IN (", in, ")"), {}, 5);
  ExpectSame({.times = kChanged, .from_unix_ns = 500, .to_unix_ns = 900}, "changed >= 500 AND changed < 900", {});
  ExpectSame({.from_unix_ns = 500, .to_unix_ns = 9000, .min_size_bytes = 990},
             "(modified >= 500 AND modified < 9000 OR changed >= 500 AND changed < 9000) AND size >= 990", {});
  ExpectSame({.contains = "usr", .max_size_bytes = 20, .host_ids = Strings{"h0", "h6"}},
             "path LIKE '%usr%' AND size <= 20 AND host IN ('h0', 'h6')", {});
}

}  // namespace
}  // namespace hozen
