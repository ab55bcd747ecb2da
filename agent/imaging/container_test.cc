// Disks in containers, through ImageDisk.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "agent/acquire/fake_item_sink.h"
#include "agent/imaging/image_disk.h"
#include "agent/volume/testing_containers.h"
#include "core/base/concat.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMiB = 1 << 20;

class ContainerTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string folder = testing::TempDir() + "/containers.XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = fs::canonical(folder);
    options_.reader_executable =
        Concat(getenv("TEST_SRCDIR"), "/", getenv("TEST_WORKSPACE"), "/agent/volume/volume_reader_child");
    disk_ = MakeTestDisk(Path("disk"));
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ / name; }

  v1::TargetOutcome Image(const std::string& path) {
    sink_.taken.clear();
    target_.mutable_disk()->set_path(path);
    const absl::StatusOr<v1::TargetOutcome> outcome = ImageDisk(target_, options_, sink_);
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    return outcome.value_or(v1::TargetOutcome());
  }

  void ExpectTaken(const std::string& path, const std::string& container, const std::string& bytes) {
    Image(path);
    const FakeItemSink::Taken* taken = sink_.Find(path);
    ASSERT_TRUE(taken != nullptr && taken->has_stream)
        << path << ": " << (taken != nullptr ? taken->item.failure().detail() : "nothing was taken");
    EXPECT_EQ(taken->item.disk().container(), container) << path;
    EXPECT_TRUE(taken->bytes == bytes) << path;
    EXPECT_EQ(taken->item.disk().size_bytes(), bytes.size());
    EXPECT_EQ(taken->item.disk().sector_size_bytes(), 512u);
  }

  v1::Failure FailureFor(const std::string& path) {
    Image(path);
    const FakeItemSink::Taken* taken = sink_.Find(path);
    if (taken == nullptr || taken->has_stream || taken->item.state() != v1::Item::STATE_FAILED) {
      ADD_FAILURE() << path << " was not just recorded";
      return {};
    }
    return taken->item.failure();
  }

  fs::path folder_;
  std::string disk_;
  v1::Target target_;
  AcquireOptions options_;
  FakeItemSink sink_;
};

TEST_F(ContainerTest, TheDiskInsideIsTaken) {
  const std::string bytes = ContentsOf(disk_);
  ExpectTaken(disk_, "", bytes);
  ExpectTaken(MakeEwf(disk_, Path("case"), 1, "none")[0], "ewf", bytes);
  ExpectTaken(SplitDisk(disk_, Path("pieces"), 3000)[0], "split", bytes);
  ExpectTaken(ConvertDisk(disk_, "qcow2", Path("a.qcow2")), "qcow", bytes);
  ExpectTaken(ConvertDisk(disk_, "vpc", Path("a.vhd"), "force_size=on"), "vhd", bytes);
  ExpectTaken(ConvertDisk(disk_, "vpc", Path("fixed.vhd"), "subformat=fixed,force_size=on"), "vhd", bytes);
  ExpectTaken(ConvertDisk(disk_, "vmdk", Path("a.vmdk")), "vmdk", bytes);
  for (const char* kind : {"monolithicFlat", "twoGbMaxExtentFlat", "twoGbMaxExtentSparse"}) {
    ExpectTaken(ConvertDisk(disk_, "vmdk", Path(Concat(kind, ".vmdk")), Concat("subformat=", kind)), "vmdk", bytes);
  }
}

TEST_F(ContainerTest, AVmdkWithoutItsExtentsIsNamed) {
  ConvertDisk(disk_, "vmdk", Path("b.vmdk"), "subformat=monolithicFlat");
  fs::remove(Path("b-flat.vmdk"));
  const v1::Failure failure = FailureFor(Path("b.vmdk"));
  EXPECT_EQ(failure.cause(), v1::CAUSE_NOT_FOUND);
  EXPECT_NE(failure.detail().find("-flat.vmdk"), std::string::npos) << failure.detail();
}

TEST_F(ContainerTest, ItsFileSystemsAreListed) {
  target_.mutable_disk()->set_listing(true);
  const std::string path = MakeEwf(disk_, Path("case"))[0];
  EXPECT_EQ(Image(path).matched_items(), 2u);
  const FakeItemSink::Taken* listing = sink_.Find(path + "/partition-1.bodyfile");
  ASSERT_NE(listing, nullptr);
  EXPECT_NE(listing->bytes.find("|/etc/hosts|"), std::string::npos);
}

TEST_F(ContainerTest, RawTakesTheFileAsItIs) {
  const std::string path = MakeEwf(disk_, Path("case"))[0];
  target_.mutable_disk()->set_container("raw");
  ExpectTaken(path, "", ContentsOf(path));
}

TEST_F(ContainerTest, AnotherContainerIsNotSupported) {
  target_.mutable_disk()->set_container("vhdx");
  const v1::TargetOutcome outcome = Image(disk_);
  EXPECT_EQ(outcome.failure().cause(), v1::CAUSE_NOT_SUPPORTED);
  EXPECT_NE(outcome.failure().detail().find("raw"), std::string::npos);
  EXPECT_TRUE(sink_.taken.empty());
}

TEST_F(ContainerTest, AFileThatOnlyLooksLikeAPieceIsPlain) {
  fs::copy_file(disk_, Path("alone.001"));
  ExpectTaken(Path("alone.001"), "", ContentsOf(disk_));
}

// A partition that was carved out of a fixed VHD together with its footer.
TEST_F(ContainerTest, AFooterOfAnotherDiskMakesNoVhd) {
  const std::string path = Path("carved.img");
  fs::copy_file(disk_, path);
  std::ofstream(path, std::ios::binary | std::ios::app) << "conectix" << std::string(504, '\0');
  ExpectTaken(path, "", ContentsOf(path));
}

TEST_F(ContainerTest, MissingPartsAreSaid) {
  const std::vector<std::string> pieces = SplitDisk(disk_, Path("pieces"), 3000);
  fs::remove(pieces[3]);
  v1::Failure failure = FailureFor(pieces[0]);
  EXPECT_EQ(failure.cause(), v1::CAUSE_NOT_FOUND) << failure.detail();
  EXPECT_NE(failure.detail().find("pieces.004 is missing"), std::string::npos) << failure.detail();

  const std::vector<std::string> segments = MakeEwf(disk_, Path("case"), 1, "none");
  EXPECT_NE(FailureFor(segments[1]).detail().find("name the first"), std::string::npos);
  fs::remove(segments.back());
  failure = FailureFor(segments[0]);
  EXPECT_EQ(failure.cause(), v1::CAUSE_IO_ERROR);
  EXPECT_NE(failure.detail().find("missing"), std::string::npos) << failure.detail();
  fs::remove(segments[1]);
  EXPECT_NE(FailureFor(segments[0]).detail().find("case.E02 is missing"), std::string::npos);
}

TEST_F(ContainerTest, APieceThatWasCutOffIsSaid) {
  const std::vector<std::string> pieces = SplitDisk(disk_, Path("pieces"), 3000);
  fs::resize_file(pieces[1], 1000);
  const v1::Failure failure = FailureFor(pieces[0]);
  EXPECT_EQ(failure.cause(), v1::CAUSE_IO_ERROR);
  EXPECT_NE(failure.detail().find("not of one size"), std::string::npos) << failure.detail();
}

TEST_F(ContainerTest, WhatCannotBeReadAloneSaysWhatToDo) {
  const std::string base = ConvertDisk(disk_, "qcow2", Path("base"));
  RunShell(Concat("qemu-img create -f qcow2 -b ", base, " -F qcow2 ", Path("child")));
  const v1::Failure failure = FailureFor(Path("child"));
  EXPECT_EQ(failure.cause(), v1::CAUSE_NOT_SUPPORTED);
  EXPECT_NE(failure.detail().find("qemu-img convert"), std::string::npos) << failure.detail();
  EXPECT_EQ(FailureFor(ConvertDisk(disk_, "vhdx", Path("a.vhdx"))).cause(), v1::CAUSE_NOT_SUPPORTED);
}

TEST_F(ContainerTest, AChildThatDiesOfItIsTheCause) {
  const std::string path = ConvertDisk(disk_, "qcow2", Path("a.qcow2"));
  options_.reader_executable = "/bin/false";
  EXPECT_EQ(FailureFor(path).cause(), v1::CAUSE_READER_DIED);
}

TEST_F(ContainerTest, WhatTheHostRefusesHoldsForEveryPart) {
  const std::vector<std::string> segments = MakeEwf(disk_, Path("case"), 1, "none");
  options_.refused_paths = {segments[2]};
  EXPECT_EQ(FailureFor(segments[0]).cause(), v1::CAUSE_REFUSED_BY_POLICY);
  const std::vector<std::string> pieces = SplitDisk(disk_, Path("pieces"), 3000);
  options_.refused_paths = {pieces[1]};
  EXPECT_EQ(FailureFor(pieces[0]).cause(), v1::CAUSE_REFUSED_BY_POLICY);
  // Nor may a name lead into the agent's own folder.
  options_.refused_paths.clear();
  fs::create_directories(Path("state"));
  fs::rename(pieces[2], Path("state/journal"));
  fs::create_symlink(Path("state/journal"), pieces[2]);
  options_.state_folder = Path("state");
  EXPECT_EQ(FailureFor(pieces[0]).cause(), v1::CAUSE_REFUSED_BY_POLICY);
}

TEST_F(ContainerTest, EveryFileCountsForWhetherItIsTheSame) {
  const std::vector<std::string> pieces = SplitDisk(disk_, Path("pieces"), 3000);
  Image(pieces[0]);
  ASSERT_NE(sink_.Find(pieces[0]), nullptr);
  const v1::FileMetadata before = sink_.Find(pieces[0])->item.file();
  EXPECT_EQ(before.size_bytes(), 16 * kMiB);
  std::ofstream(pieces.back(), std::ios::app) << "x";
  Image(pieces[0]);
  EXPECT_EQ(sink_.Find(pieces[0])->item.file().size_bytes(), 16 * kMiB + 1);
}

}  // namespace
}  // namespace hozen
