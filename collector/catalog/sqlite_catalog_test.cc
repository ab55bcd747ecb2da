#include "collector/catalog/sqlite_catalog.h"

#include <filesystem>
#include <fstream>
#include <string>

#include "collector/catalog/path_bytes.h"
#include "collector/store/sqlite.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;

class SqliteCatalogTest : public ::testing::Test {
 protected:
  SqliteCatalogTest() {
    std::string folder = ::testing::TempDir() + "/sqlite_catalog_XXXXXX";
    folder_ = mkdtemp(folder.data());
    file_ = folder_ / "catalog.db";
  }
  ~SqliteCatalogTest() override { fs::remove_all(folder_); }
  absl::Status Sql(const std::string& sql) {
    return SqliteConnection::Open(file_, absl::Seconds(1)).value()->Execute(sql);
  }
  fs::path folder_;
  fs::path file_;
};

TEST_F(SqliteCatalogTest, KeepsItsRowsOverAReopening) {
  ASSERT_TRUE(OpenSqliteCatalog(file_).value()->AddCustomer({.customer_id = "c1", .name = "n"}).ok());
  EXPECT_EQ(OpenSqliteCatalog(file_).value()->GetCustomer("c1").value().name, "n");
}

TEST_F(SqliteCatalogTest, AFileOfANewerVersionIsRefusedAndLeftAsItIs) {
  ASSERT_TRUE(OpenSqliteCatalog(file_).ok());
  ASSERT_TRUE(Sql("PRAGMA user_version=3").ok());
  const absl::Status status = OpenSqliteCatalog(file_).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_NE(status.message().find("catalog.db"), absl::string_view::npos);
  EXPECT_EQ(SqliteConnection::Open(file_, absl::Seconds(1)).value()->QueryInt("PRAGMA user_version").value(), 3);
}

TEST_F(SqliteCatalogTest, AFileOfVersion1GetsWhatItLacksAndKeepsWhatItHas) {
  ASSERT_TRUE(OpenSqliteCatalog(file_).value()->AddCustomer({.customer_id = "c1", .name = "n"}).ok());
  ASSERT_TRUE(Sql("DROP TABLE hunt_hosts; DROP TABLE hunts; PRAGMA user_version=1;").ok());
  const auto catalog = OpenSqliteCatalog(file_);
  ASSERT_TRUE(catalog.ok()) << catalog.status();
  EXPECT_EQ((*catalog)->GetCustomer("c1").value().name, "n");
  HuntRow hunt;
  hunt.hunt.set_hunt_id("h");
  EXPECT_TRUE((*catalog)->AddHunt("c1", hunt, {}).ok());
  EXPECT_EQ(SqliteConnection::Open(file_, absl::Seconds(1)).value()->QueryInt("PRAGMA user_version").value(), 2);
}

TEST_F(SqliteCatalogTest, AnotherProgramsFileIsRefused) {
  ASSERT_TRUE(Sql("CREATE TABLE theirs (x)").ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(OpenSqliteCatalog(file_).status()));
  std::ofstream(folder_ / "text") << std::string(5000, 't');
  EXPECT_TRUE(absl::IsDataLoss(OpenSqliteCatalog(folder_ / "text").status()));
}

TEST_F(SqliteCatalogTest, StagingLeavesNoFileBehind) {
  auto catalog = OpenSqliteCatalog(file_).value();
  ASSERT_TRUE(catalog->AddCustomer({.customer_id = "c1", .name = "n"}).ok());
  HostRow host;
  host.host.set_host_id("h1");
  ASSERT_TRUE(catalog->AddHost("c1", host).ok());
  AcquisitionRow row;
  row.acquisition.set_acquisition_id("a1");
  row.acquisition.set_host_id("h1");
  ASSERT_TRUE(catalog->AddAcquisitions("c1", {row}).ok());
  auto commit = catalog->BeginCommit("c1", "a1");
  ASSERT_TRUE(commit.ok()) << commit.status();
  ASSERT_TRUE((*commit)->AddItem({}).ok());
  for (const auto& entry : fs::directory_iterator(folder_)) {
    EXPECT_EQ(entry.path().string().find("staging"), std::string::npos) << entry.path();
  }
}

TEST_F(SqliteCatalogTest, AFullFileIsResourceExhausted) {
  auto connection = SqliteConnection::Open(file_, absl::Seconds(1)).value();
  ASSERT_TRUE(connection->Execute("PRAGMA max_page_count=4; CREATE TABLE t (x BLOB);").ok());
  EXPECT_TRUE(absl::IsResourceExhausted(connection->Execute("INSERT INTO t VALUES (zeroblob(100000))")));
}

// Each index is a part of every commit, so there is none that no query needs.
TEST_F(SqliteCatalogTest, ItemsHaveTheOneIndexThatTheirQueriesUse) {
  ASSERT_TRUE(OpenSqliteCatalog(file_).ok());
  const auto answer = [this](const std::string& sql, int column) {
    auto connection = SqliteConnection::Open(file_, absl::Seconds(1)).value();
    SqliteStatement select = connection->Prepare(sql).value();
    std::string text;
    while (select.Step().value()) text += select.Bytes(column) + "\n";
    return text;
  };
  const std::string indexes = "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'items'";
  EXPECT_EQ(answer(indexes, 0), "items_by_index\n");
  const std::string page = answer(
      "EXPLAIN QUERY PLAN SELECT item FROM items WHERE customer_id = 'c' AND acquisition_id = 'a' AND idx >= 5 "
      "ORDER BY idx LIMIT 9",
      3);
  EXPECT_NE(page.find("items_by_index (customer_id=? AND acquisition_id=? AND idx>?)"), std::string::npos) << page;
  EXPECT_EQ(page.find("TEMP B-TREE"), std::string::npos) << page;

  // An older program's file loses the others when it is opened, and is of no other version for that.
  ASSERT_TRUE(Sql("CREATE INDEX items_by_sha256 ON items (customer_id, sha256) WHERE sha256 IS NOT NULL;"
                  "CREATE INDEX items_by_name ON items (customer_id, name);"
                  "CREATE INDEX items_by_path ON items (customer_id, path);")
                  .ok());
  const std::string version = answer("PRAGMA user_version", 0);
  ASSERT_TRUE(OpenSqliteCatalog(file_).ok());
  EXPECT_EQ(answer(indexes, 0), "items_by_index\n");
  EXPECT_EQ(answer("PRAGMA user_version", 0), version);
}

TEST(NameOfPath, IsWhatFollowsTheLastSeparator) {
  EXPECT_EQ(NameOfPath("/etc/passwd"), "passwd");
  EXPECT_EQ(NameOfPath("/tmp/a\\b"), "a\\b");
  EXPECT_EQ(NameOfPath("C:\\Users\\x"), "x");
  EXPECT_EQ(NameOfPath("C:/Users/x"), "x");
  EXPECT_EQ(NameOfPath("plain"), "plain");
  EXPECT_EQ(NameOfPath("/etc/"), "");
  EXPECT_EQ(NameOfPath(""), "");
}

TEST(LiteralPrefix, EndsBeforeTheFirstWildcard) {
  EXPECT_EQ(LiteralPrefix("/etc/*"), "/etc/");
  EXPECT_EQ(LiteralPrefix("a[bc]"), "a");
  EXPECT_EQ(LiteralPrefix("?x"), "");
  EXPECT_EQ(LiteralPrefix("/whole"), "/whole");
  EXPECT_EQ(BehindPrefix("ab"), "ac");
  EXPECT_EQ(BehindPrefix("a\xff"), "b");
  EXPECT_EQ(BehindPrefix("\xff\xff"), std::nullopt);
  EXPECT_EQ(BehindPrefix(""), std::nullopt);
}

}  // namespace
}  // namespace hozen
