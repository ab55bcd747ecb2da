#include "agent/imaging/image_disk.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "agent/acquire/fake_item_sink.h"
#include "core/base/concat.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMiB = 1 << 20;

void Shell(const std::string& command) {
  ASSERT_EQ(system(Concat("{ PATH=$PATH:/usr/sbin:/sbin; ", command, "; } >/dev/null 2>&1").c_str()), 0) << command;
}

std::string Contents(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

class ImageDiskTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string folder = testing::TempDir() + "/image.XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = fs::canonical(folder);
    options_.target_index = 3;
    options_.reader_executable =
        Concat(getenv("TEST_SRCDIR"), "/", getenv("TEST_WORKSPACE"), "/agent/volume/volume_reader_child");
    ASSERT_TRUE(fs::exists(options_.reader_executable));
    target_.mutable_disk()->set_listing(true);
  }
  void TearDown() override { fs::remove_all(folder_); }

  // A partition table, and behind it an ext4 file system with a file in it.
  std::string MakeDisk(const std::string& name) {
    const std::string disk = folder_ / name;
    const std::string part = disk + ".part";
    fs::create_directories(folder_ / "tree/etc");
    std::ofstream(folder_ / "tree/etc/hosts") << "127.0.0.1 localhost\n";
    std::ofstream(part).close();
    fs::resize_file(part, 6 * kMiB);
    Shell(Concat("mke2fs -q -F -t ext4 -d ", (folder_ / "tree").string(), " ", part));
    std::ofstream(disk).close();
    fs::resize_file(disk, 8 * kMiB);
    Shell(Concat("printf 'label: dos\\n2048,12288,83\\n' | sfdisk -q ", disk));
    Shell(Concat("dd if=", part, " of=", disk, " bs=1M seek=1 conv=notrunc"));
    fs::remove(part);
    return disk;
  }

  absl::StatusOr<v1::TargetOutcome> Image(const std::string& path) {
    target_.mutable_disk()->set_path(path);
    return ImageDisk(target_, options_, sink_);
  }

  // The one item, which failed before anything was read.
  v1::Failure FailureFor(const std::string& path) {
    sink_.taken.clear();
    const absl::StatusOr<v1::TargetOutcome> outcome = Image(path);
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    EXPECT_EQ(outcome->matched_items(), 1u);
    const FakeItemSink::Taken* taken = sink_.Find(path);
    if (sink_.taken.size() != 1 || taken == nullptr || taken->has_stream) {
      ADD_FAILURE() << path << " was not just recorded";
      return {};
    }
    EXPECT_EQ(taken->item.state(), v1::Item::STATE_FAILED);
    EXPECT_EQ(taken->item.kind(), v1::Item::KIND_DISK);
    return taken->item.failure();
  }

  fs::path folder_;
  v1::Target target_;
  AcquireOptions options_;
  FakeItemSink sink_;
};

TEST_F(ImageDiskTest, TakesTheLayoutAListingAndEverySector) {
  const std::string path = MakeDisk("disk.img");
  const absl::StatusOr<v1::TargetOutcome> outcome = Image(path);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_FALSE(outcome->has_failure());
  EXPECT_EQ(outcome->matched_items(), 2u);
  EXPECT_EQ(outcome->target_index(), 3u);
  ASSERT_EQ(sink_.taken.size(), 2u);
  // What tells most comes first.
  EXPECT_EQ(sink_.taken[0].item.kind(), v1::Item::KIND_LISTING);
  EXPECT_EQ(sink_.taken[0].item.path(), path + "/partition-1.bodyfile");
  EXPECT_NE(sink_.taken[0].bytes.find("|/etc/hosts|"), std::string::npos);
  const FakeItemSink::Taken& disk = sink_.taken[1];
  EXPECT_EQ(disk.item.kind(), v1::Item::KIND_DISK);
  EXPECT_FALSE(disk.until_end);
  EXPECT_TRUE(disk.bytes == Contents(path));
  EXPECT_EQ(disk.item.disk().size_bytes(), 8 * kMiB);
  EXPECT_EQ(disk.item.file().size_bytes(), 8 * kMiB);
  EXPECT_EQ(disk.item.disk().partition_table(), "dos");
  EXPECT_EQ(disk.item.disk().order(), "linear");
  ASSERT_EQ(disk.item.disk().partitions_size(), 1);
  EXPECT_EQ(disk.item.disk().partitions(0).offset_bytes(), kMiB);
  EXPECT_EQ(disk.item.disk().partitions(0).file_system(), "ext4");
}

TEST_F(ImageDiskTest, ListsNothingUnlessItIsAsked) {
  target_.mutable_disk()->set_listing(false);
  const std::string path = MakeDisk("disk.img");
  ASSERT_TRUE(Image(path).ok());
  ASSERT_EQ(sink_.taken.size(), 1u);
  EXPECT_EQ(sink_.taken[0].item.kind(), v1::Item::KIND_DISK);
}

TEST_F(ImageDiskTest, AReaderThatDiesLeavesANoteAndTheDiskIsTaken) {
  const std::string path = MakeDisk("disk.img");
  options_.reader_executable = "/bin/false";
  ASSERT_TRUE(Image(path).ok());
  ASSERT_EQ(sink_.taken.size(), 1u);
  EXPECT_TRUE(sink_.taken[0].bytes == Contents(path));
  ASSERT_EQ(sink_.taken[0].item.disk().partitions_size(), 1);
  const v1::Partition& whole = sink_.taken[0].item.disk().partitions(0);
  EXPECT_EQ(whole.type(), "whole disk");
  EXPECT_EQ(whole.size_bytes(), 8 * kMiB);
  EXPECT_NE(whole.note().find("could not be read"), std::string::npos);
  EXPECT_NE(whole.note().find("exit status 1"), std::string::npos) << whole.note();
}

TEST_F(ImageDiskTest, WhatIsNoDiskIsAFailureAndNeverEndless) {
  fs::create_directories(folder_ / "folder");
  ASSERT_EQ(mkfifo((folder_ / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(FailureFor(folder_ / "missing").cause(), v1::CAUSE_NOT_FOUND);
  EXPECT_EQ(FailureFor(folder_ / "folder").cause(), v1::CAUSE_NOT_SUPPORTED);
  EXPECT_EQ(FailureFor(folder_ / "fifo").cause(), v1::CAUSE_NOT_SUPPORTED);
  for (const char* path : {"/dev/zero", "/dev/tty", "/dev/null", "/proc/self/mem", "/proc/kmsg", "/proc/kcore",
                           "/proc/uptime", "/sys/kernel/uevent_seqnum"}) {
    if (fs::exists(path)) {
      EXPECT_EQ(FailureFor(path).cause(), v1::CAUSE_NOT_SUPPORTED) << path;
    }
  }
}

TEST_F(ImageDiskTest, ADeviceWithoutAMediumIsAFailure) {
  std::string empty;
  for (int i = 0; i < 8 && empty.empty(); ++i) {
    const std::string path = Concat("/dev/loop", i);
    if (!fs::exists(path) || Contents(Concat("/sys/block/loop", i, "/size")) != "0\n") continue;
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    close(fd);
    empty = path;
  }
  if (empty.empty()) GTEST_SKIP() << "no loop device that we may open and that is free";
  EXPECT_EQ(FailureFor(empty).system_error(), ENOMEDIUM);
}

TEST_F(ImageDiskTest, WhatTheHostRefusesIsNotTakenAsADiskEither) {
  const fs::path state = folder_ / "state";
  fs::create_directories(state / "acquisitions");
  fs::create_directories(folder_ / "secret");
  std::ofstream(state / "state.pb") << "the host's key";
  std::ofstream(state / "acquisitions/journal") << "journal";
  std::ofstream(folder_ / "secret/image") << "secret";
  fs::create_symlink(state / "state.pb", folder_ / "innocent");
  fs::create_symlink(folder_ / "secret", folder_ / "shortcut");
  options_.state_folder = state;
  options_.refused_paths = {(folder_ / "secret").string()};
  for (const char* name : {"state/state.pb", "state/acquisitions/journal", "innocent", "secret/image", "shortcut/image",
                           "state/../innocent"}) {
    EXPECT_EQ(FailureFor(folder_ / name).cause(), v1::CAUSE_REFUSED_BY_POLICY) << name;
  }
}

TEST_F(ImageDiskTest, AnotherOrderIsNotSupported) {
  target_.mutable_disk()->set_order("random");
  const absl::StatusOr<v1::TargetOutcome> outcome = Image("/dev/zero");
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->failure().cause(), v1::CAUSE_NOT_SUPPORTED);
  EXPECT_TRUE(sink_.taken.empty());
}

TEST_F(ImageDiskTest, TheSinksReasonToStopIsHandedOn) {
  sink_.poll_status = absl::CancelledError("cancelled");
  EXPECT_TRUE(absl::IsCancelled(Image(MakeDisk("disk.img")).status()));
  EXPECT_TRUE(sink_.taken.empty());
}

}  // namespace
}  // namespace hozen
