// A registry hive in a file of a disk, read through the child as the agent does it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "agent/volume/testing_containers.h"
#include "agent/volume/testing_hive.h"
#include "agent/volume/volume_reader.h"
#include "core/base/concat.h"
#include "core/base/unique_fd.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

class RegistryReaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = ::testing::TempDir() + "/registry.XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    fs::create_directories(folder_ / "files");
    TestingKey root = {.name = "R", .subkeys = {{.name = "Run", .values = {{.name = "a", .data = "12345678"}}}}};
    for (int i = 0; i < 3'000; ++i) {
      root.subkeys.push_back({.name = Concat("k", i), .values = {{.name = "v", .type = 3, .data = "abcdefgh"}}});
    }
    root.values.push_back({.name = "long", .type = 3, .data = std::string(900'000, 'z')});
    Write("SYSTEM", TestingHive(root));
    std::string dirty = TestingHive({.name = "R", .values = {{.name = "v", .type = 3, .data = "before the log"}}});
    dirty[4] = 9;
    FixHiveChecksum(dirty);
    Write("DIRTY", dirty);
    Write("DIRTY.LOG1",
          TestingHiveLog(7,
                         {TestingHive({.name = "R", .values = {{.name = "v", .type = 3, .data = "out of the log"}}})}));
    Write("broken", "regf, and nothing behind it");
    RunShell(Concat("mke2fs -q -t ext4 -d ", (folder_ / "files").string(), " ", Image(), " 16M"));
    disk_.Reset(open(Image().c_str(), O_RDONLY | O_CLOEXEC));
    VolumeReaderOptions options;
    options.executable =
        Concat(getenv("TEST_SRCDIR"), "/", getenv("TEST_WORKSPACE"), "/agent/volume/volume_reader_child");
    auto started = VolumeReader::Start(options, disk_.get(), fs::file_size(Image()), 512);
    ASSERT_TRUE(started.ok()) << started.status();
    reader_ = *std::move(started);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string Image() const { return (folder_ / "disk.img").string(); }
  void Write(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ / "files" / name, std::ios::binary) << bytes;
  }
  RegistryQuery Query(const std::string& file, const std::string& key) {
    const auto entry = reader_->FindEntry(RawFileId(), file);
    EXPECT_TRUE(entry.ok()) << entry.status();
    RegistryQuery query;
    query.hive.address = entry.ok() ? entry->file().inode() : 0;
    query.key = key;
    return query;
  }
  absl::StatusOr<RegistryEnd> Read(const RegistryQuery& query) {
    keys_.clear();
    return reader_->ReadRegistry(query, [this](const v1::RegistryKey& key) {
      keys_.push_back(key);
      return absl::OkStatus();
    });
  }

  fs::path folder_;
  UniqueFd disk_;
  std::unique_ptr<VolumeReader> reader_;
  std::vector<v1::RegistryKey> keys_;
};

TEST_F(RegistryReaderTest, KeysComeThroughTheChannelWholeAndInOrder) {
  absl::StatusOr<RegistryEnd> end = Read(Query("SYSTEM", "\\*"));
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(end->keys, 3'001u);
  EXPECT_EQ(end->errors, 0u);
  EXPECT_FALSE(end->dirty);
  ASSERT_EQ(keys_.size(), 3'001u);
  EXPECT_EQ(keys_[0].path(), "\\Run");
  EXPECT_EQ(keys_[3'000].path(), "\\k2999");
  EXPECT_EQ(keys_[3'000].values(0).data(), "abcdefgh");
}

TEST_F(RegistryReaderTest, AValueLongerThanAMessageIsWhole) {
  ASSERT_TRUE(Read(Query("SYSTEM", "\\")).ok());
  ASSERT_EQ(keys_.size(), 1u);
  EXPECT_EQ(keys_[0].values(0).data(), std::string(900'000, 'z'));
  RegistryQuery query = Query("SYSTEM", "\\**");
  query.value = "A";
  ASSERT_TRUE(Read(query).ok());
  ASSERT_EQ(keys_.size(), 1u);
  EXPECT_EQ(keys_[0].path(), "\\Run");
}

TEST_F(RegistryReaderTest, LogsAreReplayedOverADirtyHive) {
  RegistryQuery query = Query("DIRTY", "\\");
  absl::StatusOr<RegistryEnd> end = Read(query);
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_TRUE(end->dirty);
  EXPECT_EQ(end->log_entries, 0u);
  EXPECT_EQ(keys_.at(0).values(0).data(), "before the log");
  query.logs = {Query("DIRTY.LOG1", "").hive};
  end = Read(query);
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(end->log_entries, 1u);
  EXPECT_EQ(keys_.at(0).values(0).data(), "out of the log");
  query.logs.resize(kMaxHiveLogs + 1);
  EXPECT_TRUE(absl::IsInvalidArgument(Read(query).status()));
}

TEST_F(RegistryReaderTest, WhatCannotBeReadIsAnErrorAndTheReaderGoesOn) {
  EXPECT_TRUE(absl::IsDataLoss(Read(Query("broken", "\\")).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Read(Query("SYSTEM", "\\[")).status()));
  RegistryQuery nowhere = Query("SYSTEM", "\\");
  nowhere.hive.address = 5'000'000;
  EXPECT_TRUE(absl::IsNotFound(Read(nowhere).status()));
  RegistryQuery long_key = Query("SYSTEM", std::string(100'000, '\\'));
  EXPECT_TRUE(absl::IsInvalidArgument(Read(long_key).status()));
  EXPECT_TRUE(Read(Query("SYSTEM", "\\Run")).ok());
}

TEST_F(RegistryReaderTest, AnErrorOfTheReceiverIsReturned) {
  const absl::Status status =
      reader_->ReadRegistry(Query("SYSTEM", "\\*"), [](const v1::RegistryKey&) { return absl::CancelledError("no"); })
          .status();
  EXPECT_TRUE(absl::IsCancelled(status));
  EXPECT_TRUE(absl::IsAborted(Read({}).status()));
}

}  // namespace
}  // namespace hozen
