#include "core/base/file.h"

#include <atomic>
#include <cerrno>
#include <thread>
#include <vector>

#include "core/base/path_text.h"
#include "core/base/status_context.h"
#include "core/base/testing_folder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::HasSubstr;

class FileTest : public ::testing::Test {
 protected:
  std::filesystem::path At(const std::string& name) const { return folder_ / name; }

  const TestingFolder folder_;
};

TEST_F(FileTest, ReadsTheWholeFile) {
  const std::string bytes(200'000, 'x');
  PutFile(At("f"), bytes);
  EXPECT_EQ(*ReadWholeFile(At("f"), 1 << 20), bytes);
  EXPECT_EQ(*ReadWholeFile(At("f"), UINT64_MAX), bytes);
  EXPECT_EQ(*ReadWholeFile(At("f"), bytes.size()), bytes);
}

TEST_F(FileTest, ReadingTellsAbsenceFromOtherFailures) {
  const absl::Status absent = ReadWholeFile(At("none"), 10).status();
  EXPECT_TRUE(absl::IsNotFound(absent));
  EXPECT_THAT(std::string(absent.message()), HasSubstr(PathText(At("none"))));
  EXPECT_EQ(SystemErrorOf(ReadWholeFile(folder_.path(), 10).status()), EISDIR);
}

TEST_F(FileTest, ATemporaryFileOfADeadProcessIsReplaced) {
  PutFile(At("f.tmp"), "half of someth");
  ASSERT_TRUE(WriteFileAtomically(At("f"), "whole", 0600).ok());
  EXPECT_EQ(GetFile(At("f")), "whole");
  EXPECT_FALSE(std::filesystem::exists(At("f.tmp")));
}

TEST_F(FileTest, ATemporaryFileOfALivingWriterIsLeftAlone) {
  const absl::StatusOr<UniqueFd> writer = LockFile(At("f.tmp"));
  ASSERT_TRUE(writer.ok());
  EXPECT_TRUE(absl::IsUnavailable(WriteFileAtomically(At("f"), "other", 0600)));
  EXPECT_TRUE(std::filesystem::exists(At("f.tmp")));
  EXPECT_FALSE(std::filesystem::exists(At("f")));
}

TEST_F(FileTest, AFolderInTheFilesPlaceIsAnErrorAndStays) {
  std::filesystem::create_directories(At("f/inside"));
  EXPECT_FALSE(WriteFileAtomically(At("f"), "x", 0600).ok());
  EXPECT_TRUE(std::filesystem::exists(At("f/inside")));
  EXPECT_FALSE(std::filesystem::exists(At("f.tmp")));
}

TEST_F(FileTest, ReadersAndRivalsSeeOnlyWholeFiles) {
  ASSERT_TRUE(WriteFileAtomically(At("f"), std::string(5000, 'a'), 0600).ok());
  std::atomic<int> written = 0;
  std::vector<std::thread> writers;
  for (const char letter : {'a', 'b', 'c'}) {
    writers.emplace_back([&, letter] {
      for (int round = 0; round < 100; ++round) {
        const absl::Status status = WriteFileAtomically(At("f"), std::string(5000, letter), 0600);
        if (status.ok()) ++written;
        EXPECT_TRUE(status.ok() || absl::IsUnavailable(status)) << status;
      }
    });
  }
  for (int round = 0; round < 300; ++round) {
    const absl::StatusOr<std::string> bytes = ReadWholeFile(At("f"), 1 << 20);
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    EXPECT_EQ(*bytes, std::string(5000, bytes->front()));
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_GT(written.load(), 0);
  EXPECT_FALSE(std::filesystem::exists(At("f.tmp")));
}

TEST_F(FileTest, SyncsFoldersOnly) {
  EXPECT_TRUE(SyncFolder(folder_.path()).ok());
  EXPECT_TRUE(absl::IsNotFound(SyncFolder(At("none"))));
  PutFile(At("f"), "x");
  EXPECT_EQ(SystemErrorOf(SyncFolder(At("f"))), ENOTDIR);
}

TEST_F(FileTest, AFileInAFoldersPlaceIsAnError) {
  PutFile(At("f"), "x");
  EXPECT_EQ(SystemErrorOf(MakeFolders(At("f"), 0700)), ENOTDIR);
  EXPECT_EQ(SystemErrorOf(MakeFolders(At("f/g"), 0700)), ENOTDIR);
}

TEST_F(FileTest, LocksAreHeldByOneUntilTheyAreClosed) {
  absl::StatusOr<UniqueFd> first = LockFile(At("lock"));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_TRUE(absl::IsFailedPrecondition(LockFile(At("lock")).status()));
  first->Reset(-1);
  EXPECT_TRUE(LockFile(At("lock")).ok());
}

TEST_F(FileTest, WritesAtOffsetsOfAnOpenFile) {
  const absl::StatusOr<UniqueFd> fd = LockFile(At("f"));
  ASSERT_TRUE(fd.ok()) << fd.status();
  ASSERT_TRUE(WriteFully(fd->get(), "0123456789").ok());
  ASSERT_TRUE(WriteFullyAt(fd->get(), "ab\n", 4).ok());
  EXPECT_EQ(*ReadWholeFile(At("f"), 100), "0123ab\n789") << "bytes are bytes on every system";
  EXPECT_EQ(SystemErrorOf(WriteFullyAt(fd->get(), "x", UINT64_MAX)), EFBIG);
}

TEST_F(FileTest, NamesMayBeLongAndInAnyLanguage) {
  const std::filesystem::path deep = At(std::string(200, 'a')) / std::string(200, 'b');
  ASSERT_TRUE(MakeFolders(deep, 0700).ok());
  const absl::Status written = WriteFileAtomically(deep / PathOf("保全"), "long", 0600);
  ASSERT_TRUE(written.ok()) << written;
  EXPECT_EQ(*ReadWholeFile(deep / PathOf("保全"), 10), "long");
}

}  // namespace
}  // namespace hozen
