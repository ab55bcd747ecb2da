#include "agent/volume/container_source.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "agent/volume/channel.h"
#include "agent/volume/testing_child.h"
#include "agent/volume/testing_containers.h"
#include "core/base/concat.h"
#include "core/base/unique_fd.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMiB = 1 << 20;

class ContainerSourceTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string folder = testing::TempDir() + "/container.XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    options_.reader.executable =
        Concat(getenv("TEST_SRCDIR"), "/", getenv("TEST_WORKSPACE"), "/agent/volume/volume_reader_child");
    ASSERT_TRUE(fs::exists(options_.reader.executable));
  }
  void TearDown() override {
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a child was left behind";
    fs::remove_all(folder_);
  }

  std::string Path(const std::string& name) const { return folder_ / name; }

  ContainerHandles Open(ContainerKind kind, const std::vector<std::string>& paths) {
    ContainerHandles container = {.kind = kind};
    for (const std::string& path : paths) {
      open_.emplace_back(open(path.c_str(), O_RDONLY | O_CLOEXEC));
      EXPECT_TRUE(open_.back().valid()) << path;
      container.handles.push_back(open_.back().get());
      container.sizes_bytes.push_back(fs::file_size(path));
    }
    return container;
  }

  static absl::StatusOr<std::string> Read(Source& source, uint64_t offset_bytes, size_t size_bytes) {
    std::string bytes(size_bytes, '?');
    const absl::StatusOr<size_t> size = source.ReadAt(offset_bytes, absl::MakeSpan(bytes.data(), bytes.size()));
    if (!size.ok()) return size.status();
    bytes.resize(*size);
    return bytes;
  }

  void ExpectHolds(ContainerKind kind, const std::vector<std::string>& paths, const std::string& disk) {
    const ContainerHandles container = Open(kind, paths);
    const std::string expected = ContentsOf(disk);
    const absl::StatusOr<std::unique_ptr<VolumeReader>> reader =
        VolumeReader::StartOnContainer(options_.reader, container);
    ASSERT_TRUE(reader.ok()) << paths[0] << ": " << reader.status();
    EXPECT_EQ((*reader)->disk_size_bytes(), expected.size());
    EXPECT_EQ((*reader)->sector_size_bytes(), 512u);
    const absl::StatusOr<DiskLayout> layout = (*reader)->ReadLayout();
    ASSERT_TRUE(layout.ok()) << layout.status();
    EXPECT_EQ(layout->partition_table, "dos");
    ASSERT_EQ(layout->partitions.size(), 1u);
    EXPECT_EQ(layout->partitions[0].file_system(), "ext4");
    std::string listing;
    ASSERT_TRUE((*reader)
                    ->List(kMiB, "/",
                           [&listing](std::string_view piece) {
                             listing.append(piece);
                             return absl::OkStatus();
                           })
                    .ok());
    EXPECT_NE(listing.find("|/etc/hosts|"), std::string::npos);
    ContainerSource source(options_, container, expected.size());
    EXPECT_EQ(source.size_bytes(), expected.size());
    std::string all;
    while (true) {
      const absl::StatusOr<std::string> bytes = Read(source, all.size(), 3 * kMiB + 7);
      ASSERT_TRUE(bytes.ok()) << bytes.status();
      if (bytes->empty()) break;
      all += *bytes;
    }
    EXPECT_TRUE(all == expected) << paths[0];
    EXPECT_FALSE(source.WasWritten());
  }

  // A program in the child's place that says that it is ready, and goes at the first question after that.
  void LetChildDieWhenAsked(uint64_t disk_size_bytes) {
    std::string ready;
    AppendNumber(ready, disk_size_bytes);
    AppendNumber(ready, 512);
    std::string framed = {static_cast<char>(ready.size()), 0, 0, 0, static_cast<char>(MessageType::kReady)};
    std::ofstream(Path("words"), std::ios::binary) << framed << ready;
    options_.reader.executable = Path("mortal");
    // Setup is 5 bytes of header and 6 numbers.
    std::ofstream(options_.reader.executable)
        << "#!/bin/sh\nhead -c 53 <&3 >/dev/null\necho >> " << Path("starts") << "\ncat " << Path("words")
        << " >&3\nhead -c 1 <&3 >/dev/null\nexit 9\n";
    fs::permissions(options_.reader.executable, fs::perms::owner_all);
  }

  fs::path folder_;
  ContainerSourceOptions options_;
  std::vector<UniqueFd> open_;
};

TEST_F(ContainerSourceTest, EachKindHoldsTheDiskBitForBit) {
  const std::string disk = MakeTestDisk(Path("disk"));
  ExpectHolds(ContainerKind::kPlain, {disk}, disk);
  ExpectHolds(ContainerKind::kSplit, SplitDisk(disk, Path("pieces"), 3000), disk);
  ExpectHolds(ContainerKind::kEwf, MakeEwf(disk, Path("fast")), disk);
  ExpectHolds(ContainerKind::kEwf, MakeEwf(disk, Path("segments"), 1, "none"), disk);
  ExpectHolds(ContainerKind::kQcow, {ConvertDisk(disk, "qcow2", Path("qcow2"), "", true)}, disk);
  ExpectHolds(ContainerKind::kVhd, {ConvertDisk(disk, "vpc", Path("vhd"), "force_size=on")}, disk);
  ExpectHolds(ContainerKind::kVmdk, {ConvertDisk(disk, "vmdk", Path("vmdk"), "subformat=streamOptimized")}, disk);
}

TEST_F(ContainerSourceTest, ManySegmentsFit) {
  const std::string disk = MakeTestDisk(Path("disk"));
  const std::vector<std::string> pieces = SplitDisk(disk, Path("pieces"), 32);
  ASSERT_EQ(pieces.size(), 512u);
  ExpectHolds(ContainerKind::kSplit, pieces, disk);
}

TEST_F(ContainerSourceTest, ADeadChildCostsOneReadAndTheNextGoesOn) {
  const std::string disk = MakeTestDisk(Path("disk"));
  const ContainerHandles container = Open(ContainerKind::kQcow, {ConvertDisk(disk, "qcow2", Path("qcow2"))});
  const std::string expected = ContentsOf(disk);
  ContainerSource source(options_, container, expected.size());
  ASSERT_TRUE(Read(source, 0, kMiB).ok());
  const pid_t child = ChildOfOurs();
  ASSERT_GT(child, 0);
  ASSERT_EQ(kill(child, SIGSEGV), 0);
  const absl::Status status = Read(source, 9 * kMiB, 4096).status();
  EXPECT_TRUE(absl::IsAborted(status)) << status;
  EXPECT_NE(status.message().find("signal 11"), absl::string_view::npos) << status;
  // The place that a child died of is left alone; all around it is read.
  EXPECT_TRUE(absl::IsAborted(Read(source, 9 * kMiB + 512, 512).status()));
  const absl::StatusOr<std::string> before = Read(source, 8 * kMiB, kMiB);
  ASSERT_TRUE(before.ok()) << before.status();
  EXPECT_TRUE(*before == expected.substr(8 * kMiB, kMiB));
  const absl::StatusOr<std::string> behind = Read(source, 9 * kMiB + 4096, kMiB);
  ASSERT_TRUE(behind.ok()) << behind.status();
  EXPECT_TRUE(*behind == expected.substr(9 * kMiB + 4096, kMiB));
}

TEST_F(ContainerSourceTest, AChildThatHangsIsStoppedAndTheNextGoesOn) {
  const std::string disk = MakeTestDisk(Path("disk"));
  options_.reader.answer_timeout = absl::Seconds(2);
  ContainerSource source(options_, Open(ContainerKind::kPlain, {disk}), 16 * kMiB);
  ASSERT_TRUE(Read(source, 0, kMiB).ok());
  const pid_t child = ChildOfOurs();
  ASSERT_GT(child, 0);
  ASSERT_EQ(kill(child, SIGSTOP), 0);
  EXPECT_TRUE(absl::IsAborted(Read(source, kMiB, kMiB).status()));
  EXPECT_TRUE(Read(source, kMiB, kMiB).ok());
}

TEST_F(ContainerSourceTest, ChildrenAreNotStartedForEver) {
  const std::string disk = MakeTestDisk(Path("disk"));
  LetChildDieWhenAsked(16 * kMiB);
  options_.most_starts = 3;
  ContainerSource source(options_, Open(ContainerKind::kPlain, {disk}), 16 * kMiB);
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(absl::IsAborted(Read(source, static_cast<uint64_t>(i) * kMiB, kMiB).status()));
  }
  EXPECT_EQ(ContentsOf(Path("starts")), "\n\n\n");
}

TEST_F(ContainerSourceTest, AChildThatTellsAnotherSizeIsNotBelieved) {
  const std::string disk = MakeTestDisk(Path("disk"));
  LetChildDieWhenAsked(17 * kMiB);
  ContainerSource source(options_, Open(ContainerKind::kPlain, {disk}), 16 * kMiB);
  EXPECT_TRUE(absl::IsAborted(Read(source, 0, kMiB).status()));
}

TEST_F(ContainerSourceTest, NoticesThatAFileWasWritten) {
  const std::vector<std::string> pieces = SplitDisk(MakeTestDisk(Path("disk")), Path("pieces"), 8192);
  ContainerSource source(options_, Open(ContainerKind::kSplit, pieces), 16 * kMiB);
  EXPECT_FALSE(source.WasWritten());
  std::ofstream(pieces[1], std::ios::app) << "more";
  EXPECT_TRUE(source.WasWritten());
}

TEST_F(ContainerSourceTest, SaysWhatCannotBeOpened) {
  std::ofstream(Path("nothing")) << "no container at all";
  for (const ContainerKind kind :
       {ContainerKind::kEwf, ContainerKind::kQcow, ContainerKind::kVhd, ContainerKind::kVmdk}) {
    const absl::Status status = VolumeReader::StartOnContainer(options_.reader, Open(kind, {Path("nothing")})).status();
    EXPECT_TRUE(absl::IsDataLoss(status) || absl::IsInvalidArgument(status)) << status;
  }
  EXPECT_TRUE(absl::IsInvalidArgument(VolumeReader::StartOnContainer(options_.reader, {}).status()));
}

// Whatever stands in a container, the agent gets an answer or a dead child, and no honest system call is forbidden.
TEST_F(ContainerSourceTest, SurvivesDamagedContainers) {
  const std::string disk = MakeTestDisk(Path("disk"));
  const struct {
    ContainerKind kind;
    std::string path;
  } whole[] = {{ContainerKind::kEwf, MakeEwf(disk, Path("fast"))[0]},
               {ContainerKind::kQcow, ConvertDisk(disk, "qcow2", Path("qcow2"), "", true)},
               {ContainerKind::kVhd, ConvertDisk(disk, "vpc", Path("vhd"), "force_size=on")},
               {ContainerKind::kVmdk, ConvertDisk(disk, "vmdk", Path("vmdk"))}};
  options_.reader.total_timeout = absl::Seconds(20);
  uint32_t seed = 20261125;
  const auto random = [&seed] {
    seed = seed * 1664525 + 1013904223;
    return seed >> 8;
  };
  for (const auto& [kind, path] : whole) {
    for (int round = 0; round < 30; ++round) {
      const std::string damaged = Path("damaged");
      fs::copy_file(path, damaged, fs::copy_options::overwrite_existing);
      std::fstream file(damaged, std::ios::binary | std::ios::in | std::ios::out);
      // Headers and tables stand at the start, those of E01 and VHD at the end too.
      const uint64_t size = fs::file_size(damaged);
      const uint64_t from = round % 3 == 2 ? size - std::min<uint64_t>(size, 2048) : 0;
      const uint64_t span = round % 3 == 0 ? 512 : round % 3 == 1 ? size : std::min<uint64_t>(size, 2048);
      for (int i = 0; i < (round % 3 == 1 ? 200 : 6); ++i) {
        file.seekp(static_cast<std::streamoff>(from + random() % span));
        file.put(static_cast<char>(random()));
      }
      file.close();
      const ContainerHandles container = Open(kind, {damaged});
      const absl::StatusOr<std::unique_ptr<VolumeReader>> reader =
          VolumeReader::StartOnContainer(options_.reader, container);
      absl::Status status = reader.status();
      std::string buffer(kMiB, '\0');
      for (uint64_t offset = 0; status.ok() && offset < 16 * kMiB; offset += kMiB) {
        status = (*reader)->ReadAt(offset, absl::MakeSpan(buffer.data(), buffer.size())).status();
        if (absl::IsDataLoss(status)) status = absl::OkStatus();
      }
      EXPECT_TRUE(status.ok() || absl::IsAborted(status) || absl::IsDataLoss(status) || absl::IsInvalidArgument(status))
          << status;
      EXPECT_EQ(status.message().find("signal 31"), absl::string_view::npos) << NameOf(kind) << ": " << status;
      open_.clear();
    }
  }
}

TEST_F(ContainerSourceTest, ReadsContainersOfOthers) {
  const char* testdata = getenv("HOZEN_TESTDATA");
  if (testdata == nullptr) GTEST_SKIP() << "HOZEN_TESTDATA names no folder of images";
  const fs::path containers = fs::path(testdata) / "containers";
  int seen = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(containers)) {
    const std::string extension = entry.path().extension();
    const std::string judged = Path("judged");
    fs::remove(judged);
    ContainerKind kind = ContainerKind::kQcow;
    if (extension == ".E01") {
      kind = ContainerKind::kEwf;
      RunShell(
          Concat("ewfexport -u -q -f raw -t ", judged, " ", entry.path().string(), " && mv ", judged, ".raw ", judged));
    } else if (extension == ".qcow2") {
      RunShell(Concat("qemu-img convert -f qcow2 -O raw ", entry.path().string(), " ", judged));
    } else if (extension == ".vhd") {
      kind = ContainerKind::kVhd;
      RunShell(Concat("qemu-img convert -f vpc -O raw ", entry.path().string(), " ", judged));
    } else {
      continue;
    }
    ++seen;
    const ContainerHandles container = Open(kind, {entry.path()});
    const absl::StatusOr<std::unique_ptr<VolumeReader>> reader =
        VolumeReader::StartOnContainer(options_.reader, container);
    ASSERT_TRUE(reader.ok()) << entry.path() << ": " << reader.status();
    const std::string expected = ContentsOf(judged);
    ContainerSource source(options_, container, (*reader)->disk_size_bytes());
    const absl::StatusOr<std::string> bytes = Read(source, 0, source.size_bytes());
    ASSERT_TRUE(bytes.ok()) << entry.path() << ": " << bytes.status();
    // VHD's geometry may say less than its size; qemu-img goes by one of them.
    EXPECT_GE(bytes->size(), expected.size());
    EXPECT_TRUE(bytes->compare(0, expected.size(), expected) == 0) << entry.path();
  }
  EXPECT_GT(seen, 0);
}

}  // namespace
}  // namespace hozen
