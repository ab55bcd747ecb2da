#include "agent/platform/file_access.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "core/base/concat.h"
#include "core/base/status_context.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;

class FileAccessTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string folder = testing::TempDir() + "/access.XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    path_ = folder;
    absl::StatusOr<OpenedFile> opened = OpenRootFolder(folder);
    ASSERT_TRUE(opened.ok()) << opened.status();
    folder_ = std::move(opened->fd);
  }
  void TearDown() override { fs::remove_all(path_); }

  fs::path path_;
  UniqueFd folder_;
};

TEST_F(FileAccessTest, OpensRegularFilesOnly) {
  std::ofstream(path_ / "file") << "bytes";
  fs::create_symlink("file", path_ / "link");
  fs::create_directory(path_ / "folder");
  ASSERT_EQ(mkfifo((path_ / "fifo").c_str(), 0600), 0);
  const absl::StatusOr<OpenedFile> file = OpenRegularFile(folder_.get(), "file");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->metadata.size_bytes(), 5u);
  EXPECT_TRUE(file->access_time_kept);
  for (const char* name : {"link", "folder", "fifo"}) {
    EXPECT_TRUE(absl::IsFailedPrecondition(OpenRegularFile(folder_.get(), name).status())) << name;
  }
  EXPECT_EQ(SystemErrorOf(OpenRegularFile(folder_.get(), "none").status()), ENOENT);
}

TEST_F(FileAccessTest, OpensFoldersButNotThroughLinks) {
  fs::create_directory(path_ / "folder");
  fs::create_symlink("folder", path_ / "link");
  std::ofstream(path_ / "file") << "bytes";
  EXPECT_TRUE(OpenFolder(folder_.get(), "folder").ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(OpenFolder(folder_.get(), "link").status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(OpenFolder(folder_.get(), "file").status()));
  EXPECT_EQ(*ReadLinkTarget(folder_.get(), "link"), "folder");
  EXPECT_FALSE(ReadLinkTarget(folder_.get(), "file").ok());
}

TEST_F(FileAccessTest, MetadataSaysWhatStatSays) {
  std::ofstream(path_ / "file") << "bytes";
  struct stat found = {};
  ASSERT_EQ(stat((path_ / "file").c_str(), &found), 0);
  const absl::StatusOr<v1::FileMetadata> metadata = StatEntry(folder_.get(), "file");
  ASSERT_TRUE(metadata.ok()) << metadata.status();
  EXPECT_EQ(metadata->mode(), found.st_mode);
  EXPECT_EQ(metadata->uid(), found.st_uid);
  EXPECT_EQ(metadata->links(), found.st_nlink);
  EXPECT_EQ(metadata->inode(), found.st_ino);
  EXPECT_EQ(metadata->device(), found.st_dev);
  EXPECT_EQ(metadata->allocated_bytes(), static_cast<uint64_t>(found.st_blocks) * 512);
  EXPECT_EQ(metadata->changed_unix_ns(), found.st_ctim.tv_sec * 1'000'000'000 + found.st_ctim.tv_nsec);
  EXPECT_EQ(FileTypeOf(*metadata), FileType::kRegular);
}

TEST_F(FileAccessTest, ListsManyNamesInBatchesAndAgainFromTheStart) {
  std::set<std::string> wanted;
  for (int i = 0; i < 3000; ++i) {
    const std::string name = Concat("a rather long name, number ", i);
    std::ofstream(path_ / name).close();
    wanted.insert(name);
  }
  for (int round = 0; round < 2; ++round) {
    FolderReader reader(folder_.get());
    std::set<std::string> found;
    while (true) {
      const absl::StatusOr<std::vector<FolderEntry>> batch = reader.Next();
      ASSERT_TRUE(batch.ok()) << batch.status();
      if (batch->empty()) break;
      EXPECT_LT(batch->size(), 1000u);
      for (const FolderEntry& entry : *batch) EXPECT_TRUE(found.insert(entry.name).second) << entry.name;
    }
    EXPECT_EQ(found, wanted);
  }
}

}  // namespace
}  // namespace hozen
