#include "agent/platform/disk.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "gtest/gtest.h"

namespace hozen {
namespace {

TEST(OpenDiskTest, OpensAFileAsADisk) {
  std::string path = testing::TempDir() + "/disk.XXXXXX";
  const UniqueFd file(mkstemp(path.data()));
  ASSERT_EQ(ftruncate(file.get(), 12345), 0);
  const absl::StatusOr<OpenedDisk> disk = OpenDisk(path);
  ASSERT_TRUE(disk.ok()) << disk.status();
  EXPECT_EQ(disk->size_bytes, 12345u);
  EXPECT_EQ(disk->sector_size_bytes, 512u);
  EXPECT_FALSE(disk->is_block_device);
  EXPECT_TRUE(disk->access_time_kept);
  EXPECT_EQ(fcntl(disk->fd.get(), F_GETFL) & O_ACCMODE, O_RDONLY);
  EXPECT_EQ(fcntl(disk->fd.get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  unlink(path.c_str());
}

TEST(OpenDiskTest, SaysWhatIsNoDisk) {
  EXPECT_TRUE(absl::IsNotFound(OpenDisk("/dev/no-such-disk").status()));
  const absl::Status folder = OpenDisk("/").status();
  EXPECT_TRUE(absl::IsInvalidArgument(folder)) << folder;
  EXPECT_NE(folder.message().find("folder"), absl::string_view::npos) << folder;
  EXPECT_TRUE(absl::IsInvalidArgument(OpenDisk("/dev/null").status()));
}

TEST(ListLocalDisksTest, DisksHaveASizeAndOpenAsWhatTheyWereListed) {
  for (const LocalDisk& disk : ListLocalDisks()) {
    EXPECT_EQ(disk.path.rfind("/dev/", 0), 0u);
    EXPECT_GT(disk.size_bytes, 0u);
    if (geteuid() != 0 || !std::filesystem::exists(disk.path)) continue;
    const absl::StatusOr<OpenedDisk> opened = OpenDisk(disk.path);
    if (absl::IsPermissionDenied(opened.status())) continue;  // a container's root may not
    ASSERT_TRUE(opened.ok()) << opened.status();
    EXPECT_TRUE(opened->is_block_device);
    EXPECT_EQ(opened->size_bytes, disk.size_bytes);
  }
}

}  // namespace
}  // namespace hozen
