#include "collector/search/sqlite_search_index.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "collector/search/search_indexes.h"
#include "collector/store/sqlite.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;

class SqliteSearchIndexTest : public ::testing::Test {
 protected:
  SqliteSearchIndexTest() {
    std::string folder = ::testing::TempDir() + "/sqlite_search_XXXXXX";
    folder_ = mkdtemp(folder.data());
    file_ = folder_ / "search.sqlite";
  }
  ~SqliteSearchIndexTest() override { fs::remove_all(folder_); }

  static SearchIndex::Batch Batch() {
    SearchEntry entry;
    entry.path = "/x";
    return {.acquisition_id = "a1",
            .host_id = "h1",
            .from = {},
            .to = {.next_item = 1, .next_byte = 0, .done = true},
            .entries = {entry}};
  }
  absl::Status Sql(const std::string& sql) {
    return SqliteConnection::Open(file_, absl::Seconds(1)).value()->Execute(sql);
  }
  size_t Done() { return OpenSqliteSearchIndex(file_).value()->Done().value().size(); }

  fs::path folder_;
  fs::path file_;
};

TEST_F(SqliteSearchIndexTest, KeepsItsRowsOverAReopening) {
  ASSERT_TRUE(OpenSqliteSearchIndex(file_).value()->Append(Batch()).ok());
  EXPECT_EQ(Done(), 1u);
}

TEST_F(SqliteSearchIndexTest, WhatIsOfAnotherVersionOrDamagedIsMadeAnew) {
  for (const char* sql : {"PRAGMA user_version=99", "PRAGMA application_id=1"}) {
    ASSERT_TRUE(OpenSqliteSearchIndex(file_).value()->Append(Batch()).ok());
    ASSERT_EQ(Done(), 1u);
    ASSERT_TRUE(Sql(sql).ok());
    EXPECT_EQ(Done(), 0u) << sql;
  }
  std::ofstream(file_) << std::string(5000, 't');
  EXPECT_EQ(Done(), 0u);
}

TEST_F(SqliteSearchIndexTest, CustomersHaveFilesOfTheirOwnAndNoIdLeadsElsewhere) {
  fs::create_directories(folder_ / "c1");
  fs::create_directories(folder_ / "c2");
  SearchIndexes indexes(folder_);
  SearchIndex* const first = indexes.Get("c1").value();
  EXPECT_EQ(indexes.Get("c1").value(), first);
  ASSERT_TRUE(first->Append(Batch()).ok());
  EXPECT_TRUE(indexes.Get("c2").value()->Done()->empty());
  for (const char* id : {"", ".", "..", "c1/../c2", "c3", "/etc"}) {
    EXPECT_TRUE(absl::IsNotFound(indexes.Get(id).status())) << id;
  }
}

// Each kind of question is answered from an index, never by going through entries or events.
TEST_F(SqliteSearchIndexTest, TheSchemaHasWhatTheQuestionsNeed) {
  ASSERT_TRUE(OpenSqliteSearchIndex(file_).ok());
  const auto plan = [this](const std::string& sql) {
    auto connection = SqliteConnection::Open(file_, absl::Seconds(1)).value();
    SqliteStatement explain = connection->Prepare("EXPLAIN QUERY PLAN " + sql).value();
    std::string text;
    while (explain.Step().value()) text += explain.Bytes(3) + "\n";
    return text;
  };
  const std::string hashes = plan(
      "SELECT acquisition, entry FROM hashes WHERE start = 1 AND (acquisition, entry) > (2, 3) ORDER BY acquisition, "
      "entry");
  EXPECT_NE(hashes.find("PRIMARY KEY (start=? AND (acquisition,entry)>(?,?))"), std::string::npos) << hashes;
  EXPECT_EQ(hashes.find("TEMP B-TREE"), std::string::npos) << hashes;
  EXPECT_NE(plan("SELECT 1 FROM paths WHERE name = x'00' AND id > 5 ORDER BY id").find("paths_by_name"),
            std::string::npos);
  const std::string places = plan(
      "SELECT acquisition, entry FROM places WHERE path = 1 AND (acquisition, entry) > (2, 3) ORDER BY acquisition, "
      "entry");
  EXPECT_NE(places.find("PRIMARY KEY (path=? AND (acquisition,entry)>(?,?))"), std::string::npos) << places;
  EXPECT_EQ(places.find("TEMP B-TREE"), std::string::npos) << places;
  const std::string range =
      plan("SELECT id, path FROM paths WHERE path >= x'2f' AND (5 = 0 OR path > x'2f') AND path < x'30' ORDER BY path");
  EXPECT_NE(range.find("(path>? AND path<?)"), std::string::npos) << range;
  const std::string events =
      plan("SELECT 1 FROM events WHERE host = 1 AND (at, path, entry) > (1, 2, 3) AND at < 9 ORDER BY at, path, entry");
  EXPECT_NE(events.find("PRIMARY KEY (host=? AND (at,path,entry)>(?,?,?)"), std::string::npos) << events;
  EXPECT_EQ(events.find("TEMP B-TREE"), std::string::npos) << events;
}

}  // namespace
}  // namespace hozen
