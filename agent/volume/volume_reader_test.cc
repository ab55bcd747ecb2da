#include "agent/volume/volume_reader.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "agent/volume/channel.h"
#include "agent/volume/raw_messages.h"
#include "agent/volume/testing_child.h"
#include "core/base/concat.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMiB = 1 << 20;

// What a judge prints. Fails the test where it cannot be run.
std::string Output(const std::string& command) {
  FILE* pipe = popen(Concat("PATH=$PATH:/usr/sbin:/sbin; ", command, " 2>/dev/null").c_str(), "r");
  if (pipe == nullptr) return "";
  std::string output;
  char buffer[4096];
  while (const size_t size = fread(buffer, 1, sizeof(buffer), pipe)) output.append(buffer, size);
  EXPECT_EQ(pclose(pipe), 0) << command;
  return output;
}

std::multiset<std::string> Lines(const std::string& text) {
  std::multiset<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.insert(line);
  return lines;
}

class VolumeReaderTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string folder = testing::TempDir() + "/volume.XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    options_.executable =
        Concat(getenv("TEST_SRCDIR"), "/", getenv("TEST_WORKSPACE"), "/agent/volume/volume_reader_child");
    ASSERT_TRUE(fs::exists(options_.executable));
  }
  void TearDown() override {
    for (const UniqueFd& fd : open_) EXPECT_GE(fcntl(fd.get(), F_GETFD), 0);  // the reader only borrows
    fs::remove_all(folder_);
  }

  std::string Path(const std::string& name) const { return folder_ / name; }

  std::string EmptyFile(const std::string& name, uint64_t size_bytes) {
    std::ofstream(Path(name)).close();
    fs::resize_file(Path(name), size_bytes);
    return Path(name);
  }

  // A few folders deep, with a long name, a name that is not ASCII and a link.
  std::string MakeTree() {
    fs::create_directories(folder_ / "tree/etc/deep/deeper");
    for (int i = 0; i < 300; ++i) {
      std::ofstream(folder_ / "tree/etc/deep" / Concat("file with a name ", i, ".txt")) << std::string(i * 7, 'x');
    }
    std::ofstream(folder_ / "tree/etc/deep/deeper/日本語.txt") << "hello";
    std::ofstream(folder_ / "tree/etc/pass|wd") << "root";
    fs::create_symlink("/etc/deep", folder_ / "tree/link");
    return folder_ / "tree";
  }

  std::string MakeExt4(const std::string& name) {
    const std::string image = EmptyFile(name, 32 * kMiB);
    Output(Concat("mke2fs -q -F -t ext4 -d ", MakeTree(), " ", image));
    Output(Concat("debugfs -w -R 'rm /etc/deep/file with a name 7.txt' ", image));
    Output(Concat("debugfs -w -R 'rm /etc/pass|wd' ", image));
    return image;
  }

  std::string MakeNtfs(const std::string& name) {
    const std::string image = EmptyFile(name, 16 * kMiB);
    Output(Concat("mkntfs -q -F -s 512 ", image));
    std::ofstream(Path("known")) << "known bytes";
    Output(Concat("ntfscp -q ", image, " ", Path("known"), " known.txt"));
    Output(Concat("ntfscp -q -N stream ", image, " ", Path("known"), " known.txt"));
    return image;
  }

  std::string MakeFat(const std::string& name) {
    const std::string image = EmptyFile(name, 16 * kMiB);
    Output(Concat("mkfs.fat ", image));
    std::ofstream(Path("known")) << "known bytes";
    Output(Concat("mcopy -i ", image, " ", Path("known"), " ::first.txt"));
    Output(Concat("mcopy -i ", image, " ", Path("known"), " '::A long name indeed.txt'"));
    Output(Concat("mdel -i ", image, " ::first.txt"));
    return image;
  }

  // A partition table of the kind that `script` says, with file systems copied to where the partitions are.
  std::string MakeDisk(const std::string& name, const std::string& script,
                       const std::vector<std::pair<std::string, uint64_t>>& file_systems) {
    const std::string disk = EmptyFile(name, 96 * kMiB);
    Output(Concat("printf '", script, "' | sfdisk -q ", disk));
    for (const auto& [image, offset_mib] : file_systems) {
      Output(Concat("dd if=", image, " of=", disk, " bs=1M seek=", offset_mib, " conv=notrunc"));
    }
    return disk;
  }

  absl::StatusOr<std::unique_ptr<VolumeReader>> Start(const std::string& disk) {
    open_.emplace_back(open(disk.c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_TRUE(open_.back().valid());
    return VolumeReader::Start(options_, open_.back().get(), fs::file_size(disk), 512);
  }

  void ExpectListedAsByFls(const std::string& disk, uint64_t offset_bytes, const std::string& mount_point) {
    absl::StatusOr<std::unique_ptr<VolumeReader>> reader = Start(disk);
    ASSERT_TRUE(reader.ok()) << reader.status();
    std::string listing;
    const absl::StatusOr<VolumeReader::ListingEnd> end =
        (*reader)->List(offset_bytes, mount_point, [&](std::string_view piece) {
          EXPECT_LE(piece.size(), 64u << 10);
          listing.append(piece);
          return absl::OkStatus();
        });
    ASSERT_TRUE(end.ok()) << end.status();
    const std::multiset<std::string> judged =
        Lines(Output(Concat("TZ=UTC0 fls -r -m '", mount_point, "' -o ", offset_bytes / 512, " ", disk)));
    EXPECT_FALSE(judged.empty());
    EXPECT_EQ(Lines(listing), judged);
    EXPECT_EQ(end->entries, judged.size());
  }

  // A program in the child's place that says just these bytes, then waits for us to close our end.
  void LetChildSay(const std::string& bytes) {
    std::ofstream(Path("words"), std::ios::binary) << bytes;
    options_.executable = Path("liar");
    std::ofstream(options_.executable) << "#!/bin/sh\ncat " << Path("words") << " >&3\nexec cat <&3 >/dev/null\n";
    fs::permissions(options_.executable, fs::perms::owner_all);
  }
  static std::string Sizes(uint64_t disk_size_bytes, uint64_t sector_size_bytes) {
    std::string payload;
    AppendNumber(payload, disk_size_bytes);
    AppendNumber(payload, sector_size_bytes);
    return payload;
  }
  static std::string Framed(MessageType type, const std::string& payload) {
    std::string bytes;
    for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<char>(payload.size() >> shift));
    bytes.push_back(static_cast<char>(type));
    return bytes + payload;
  }

  fs::path folder_;
  VolumeReaderOptions options_;
  std::vector<UniqueFd> open_;
};

// Entries of the table as mmls prints them: start and length in sectors, description.
std::vector<std::string> PartitionsByMmls(const std::string& disk) {
  std::vector<std::string> partitions;
  std::istringstream stream(Output(Concat("mmls -a ", disk)));
  for (std::string line; std::getline(stream, line);) {
    unsigned long long start = 0, end = 0, length = 0;
    int description = 0;
    if (sscanf(line.c_str(), "%*d: %*s %llu %llu %llu %n", &start, &end, &length, &description) == 3) {
      partitions.push_back(Concat(start, " ", length, " ", line.substr(description)));
    }
  }
  return partitions;
}

std::vector<std::string> PartitionsByUs(const DiskLayout& layout) {
  std::vector<std::string> partitions;
  for (const v1::Partition& partition : layout.partitions) {
    partitions.push_back(
        Concat(partition.offset_bytes() / 512, " ", partition.size_bytes() / 512, " ", partition.type()));
  }
  return partitions;
}

TEST_F(VolumeReaderTest, ListsExt4AsFlsDoes) { ExpectListedAsByFls(MakeExt4("ext4"), 0, "/"); }

TEST_F(VolumeReaderTest, ListsNtfsWithStreamsAsFlsDoes) { ExpectListedAsByFls(MakeNtfs("ntfs"), 0, "C:/"); }

TEST_F(VolumeReaderTest, ListsFatWithDeletedFilesAsFlsDoes) { ExpectListedAsByFls(MakeFat("fat"), 0, "/mnt"); }

TEST_F(VolumeReaderTest, MarksDeletedFiles) {
  absl::StatusOr<std::unique_ptr<VolumeReader>> reader = Start(MakeFat("fat"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  std::string listing;
  ASSERT_TRUE((*reader)
                  ->List(0, "/",
                         [&](std::string_view piece) {
                           listing.append(piece);
                           return absl::OkStatus();
                         })
                  .ok());
  EXPECT_NE(listing.find("/_irst.txt (deleted)|"), std::string::npos) << listing;
}

TEST_F(VolumeReaderTest, ReadsAnMbrAsMmlsDoes) {
  const std::string disk = MakeDisk("disk", "label: dos\\n1M,32M,83\\n40M,16M,7\\n60M,30M,E\\n61M,8M,83\\n",
                                    {{MakeExt4("ext4"), 1}, {MakeNtfs("ntfs"), 40}});
  absl::StatusOr<std::unique_ptr<VolumeReader>> reader = Start(disk);
  ASSERT_TRUE(reader.ok()) << reader.status();
  const absl::StatusOr<DiskLayout> layout = (*reader)->ReadLayout();
  ASSERT_TRUE(layout.ok()) << layout.status();
  EXPECT_EQ(layout->partition_table, "dos");
  EXPECT_EQ(PartitionsByUs(*layout), PartitionsByMmls(disk));
  ASSERT_GE(layout->partitions.size(), 3u);
  EXPECT_EQ(layout->partitions[0].file_system(), "ext4");
  EXPECT_EQ(layout->partitions[1].file_system(), "ntfs");
  EXPECT_EQ(layout->partitions[2].file_system(), "");
  EXPECT_NE(layout->partitions[2].note(), "");
  EXPECT_EQ(layout->partitions[0].number(), 1u);
  EXPECT_EQ(layout->partitions[1].number(), 2u);
  EXPECT_EQ(layout->partitions[0].uuid().substr(8), "-01");
  ExpectListedAsByFls(disk, 1 * kMiB, "/");
  ExpectListedAsByFls(disk, 40 * kMiB, "/");
}

TEST_F(VolumeReaderTest, ReadsAGptAsMmlsDoes) {
  const std::string disk =
      MakeDisk("disk", "label: gpt\\nstart=2048,size=65536,type=L,name=data\\nstart=81920,size=32768,type=L\\n",
               {{MakeExt4("ext4"), 1}, {MakeFat("fat"), 40}});
  absl::StatusOr<std::unique_ptr<VolumeReader>> reader = Start(disk);
  ASSERT_TRUE(reader.ok()) << reader.status();
  const absl::StatusOr<DiskLayout> layout = (*reader)->ReadLayout();
  ASSERT_TRUE(layout.ok()) << layout.status();
  EXPECT_EQ(layout->partition_table, "gpt");
  EXPECT_EQ(PartitionsByUs(*layout), PartitionsByMmls(disk));
  ASSERT_EQ(layout->partitions.size(), 2u);
  EXPECT_EQ(layout->partitions[1].file_system(), "fat16");
  EXPECT_EQ(layout->partitions[1].uuid().size(), 36u);
}

TEST_F(VolumeReaderTest, CallsADiskWithoutTableAWholeDisk) {
  absl::StatusOr<std::unique_ptr<VolumeReader>> reader = Start(MakeExt4("ext4"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  const absl::StatusOr<DiskLayout> layout = (*reader)->ReadLayout();
  ASSERT_TRUE(layout.ok()) << layout.status();
  EXPECT_EQ(layout->partition_table, "");
  ASSERT_EQ(layout->partitions.size(), 1u);
  EXPECT_EQ(layout->partitions[0].type(), "whole disk");
  EXPECT_EQ(layout->partitions[0].size_bytes(), 32 * kMiB);
  EXPECT_EQ(layout->partitions[0].file_system(), "ext4");
}

TEST_F(VolumeReaderTest, CutsPartitionsThatReachBeyondTheDisk) {
  const std::string disk = MakeDisk("disk", "label: dos\\n1M,32M,83\\n40M,50M,83\\n", {});
  fs::resize_file(disk, 50 * kMiB);
  absl::StatusOr<std::unique_ptr<VolumeReader>> reader = Start(disk);
  ASSERT_TRUE(reader.ok()) << reader.status();
  const absl::StatusOr<DiskLayout> layout = (*reader)->ReadLayout();
  ASSERT_TRUE(layout.ok()) << layout.status();
  for (const v1::Partition& partition : layout->partitions) {
    EXPECT_LE(partition.offset_bytes() + partition.size_bytes(), 50 * kMiB);
  }
}

TEST_F(VolumeReaderTest, EmptyAndTinyDisksAreNoTrouble) {
  for (const uint64_t size_bytes : {uint64_t{0}, uint64_t{1}, uint64_t{511}, uint64_t{513}}) {
    absl::StatusOr<std::unique_ptr<VolumeReader>> reader = Start(EmptyFile("tiny", size_bytes));
    ASSERT_TRUE(reader.ok()) << reader.status();
    const absl::StatusOr<DiskLayout> layout = (*reader)->ReadLayout();
    ASSERT_TRUE(layout.ok()) << size_bytes << ": " << layout.status();
    ASSERT_EQ(layout->partitions.size(), 1u);
    EXPECT_EQ(layout->partitions[0].file_system(), "");
  }
}

TEST_F(VolumeReaderTest, SaysNotFoundWhereThereIsNoFileSystemAndGoesOn) {
  absl::StatusOr<std::unique_ptr<VolumeReader>> reader = Start(MakeExt4("ext4"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  const auto ignore = [](std::string_view) { return absl::OkStatus(); };
  EXPECT_TRUE(absl::IsNotFound((*reader)->List(4096 * 512, "/", ignore).status()));
  EXPECT_TRUE(absl::IsNotFound((*reader)->List(uint64_t{1} << 60, "/", ignore).status()));
  EXPECT_TRUE((*reader)->List(0, "/", ignore).ok());
}

TEST_F(VolumeReaderTest, HandsOnWhatTheCallerStopsItWith) {
  absl::StatusOr<std::unique_ptr<VolumeReader>> reader = Start(MakeExt4("ext4"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  const absl::Status status =
      (*reader)->List(0, "/", [](std::string_view) { return absl::CancelledError("enough"); }).status();
  EXPECT_TRUE(absl::IsCancelled(status)) << status;
  EXPECT_TRUE(absl::IsAborted((*reader)->ReadLayout().status()));
}

TEST_F(VolumeReaderTest, SurvivesAChildThatCrashes) {
  absl::StatusOr<std::unique_ptr<VolumeReader>> reader = Start(MakeExt4("ext4"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  const pid_t child = ChildOfOurs();
  ASSERT_GT(child, 0);
  ASSERT_EQ(kill(child, SIGSEGV), 0);
  const absl::Status status = (*reader)->ReadLayout().status();
  EXPECT_TRUE(absl::IsAborted(status)) << status;
  EXPECT_NE(status.message().find("signal 11"), absl::string_view::npos) << status;
  EXPECT_TRUE(absl::IsAborted((*reader)->ReadLayout().status()));
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a child was left behind";
}

TEST_F(VolumeReaderTest, SurvivesAChildThatHangs) {
  options_.answer_timeout = absl::Seconds(5);  // the child must have started within it
  absl::StatusOr<std::unique_ptr<VolumeReader>> reader = Start(MakeExt4("ext4"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  const pid_t child = ChildOfOurs();
  ASSERT_GT(child, 0);
  ASSERT_EQ(kill(child, SIGSTOP), 0);
  const absl::Status status = (*reader)->ReadLayout().status();
  EXPECT_TRUE(absl::IsAborted(status)) << status;
  EXPECT_NE(status.message().find("no answer for 5s"), absl::string_view::npos) << status;
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a child was left behind";
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_F(VolumeReaderTest, SurvivesAChildThatHasNoMemory) {
  options_.memory_bytes = 1 << 20;
  absl::StatusOr<std::unique_ptr<VolumeReader>> reader = Start(MakeExt4("ext4"));
  if (reader.ok()) {
    EXPECT_FALSE((*reader)->ReadLayout().ok());
  } else {
    EXPECT_NE(reader.status().message(), "");
  }
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), reader.ok() ? 0 : -1);
}
#endif

TEST_F(VolumeReaderTest, SurvivesImagesMadeToCrashIt) {
  const char* testdata = getenv("HOZEN_TESTDATA");
  if (testdata == nullptr) GTEST_SKIP() << "HOZEN_TESTDATA names no folder of images";
  int images = 0;
  options_.total_timeout = absl::Seconds(20);
  for (const fs::directory_entry& entry : fs::directory_iterator(fs::path(testdata) / "hostile")) {
    ++images;
    absl::StatusOr<std::unique_ptr<VolumeReader>> reader = Start(entry.path());
    ASSERT_TRUE(reader.ok()) << reader.status();
    const absl::Status layout = (*reader)->ReadLayout().status();
    EXPECT_TRUE(layout.ok() || absl::IsAborted(layout)) << layout;
    reader = Start(entry.path());
    ASSERT_TRUE(reader.ok()) << reader.status();
    const absl::Status listing = (*reader)->List(0, "/", [](std::string_view) { return absl::OkStatus(); }).status();
    EXPECT_TRUE(listing.ok() || absl::IsAborted(listing) || absl::IsNotFound(listing) || absl::IsDataLoss(listing))
        << listing;
  }
  EXPECT_GT(images, 0);
}

// Each bit pattern of a table that a disk may hold leads to an answer or a dead child, never to a dead agent.
TEST_F(VolumeReaderTest, SurvivesDamagedFileSystems) {
  for (const std::string& image : {MakeExt4("ext4"), MakeNtfs("ntfs"), MakeFat("fat")}) {
    uint32_t seed = 20261122;
    for (int round = 0; round < 8; ++round) {
      std::fstream file(image, std::ios::binary | std::ios::in | std::ios::out);
      for (int i = 0; i < 200; ++i) {
        seed = seed * 1664525 + 1013904223;
        file.seekp(seed % (2 * kMiB));
        file.put(static_cast<char>(seed >> 24));
      }
      file.close();
      absl::StatusOr<std::unique_ptr<VolumeReader>> reader = Start(image);
      ASSERT_TRUE(reader.ok()) << reader.status();
      const absl::Status status = (*reader)->List(0, "/", [](std::string_view) { return absl::OkStatus(); }).status();
      EXPECT_TRUE(status.ok() || absl::IsAborted(status) || absl::IsNotFound(status) || absl::IsDataLoss(status))
          << status;
      EXPECT_EQ(status.message().find("signal 31"), absl::string_view::npos) << "an honest system call is missing";
    }
  }
}

TEST_F(VolumeReaderTest, DisbelievesALengthWithoutSense) {
  LetChildSay(std::string("\xff\xff\xff\x7f\x0a", 5));
  const absl::Status status = Start(EmptyFile("disk", kMiB)).status();
  EXPECT_TRUE(absl::IsAborted(status)) << status;
}

TEST_F(VolumeReaderTest, DisbelievesPartitionsOutsideTheDisk) {
  v1::Partition outside;
  outside.set_offset_bytes(kMiB);
  outside.set_size_bytes(~uint64_t{0});
  v1::Partition speaking;
  speaking.set_type("\x1b[2J");
  for (const std::string& lie : {outside.SerializeAsString(), speaking.SerializeAsString(), std::string("\xff\xff")}) {
    LetChildSay(Framed(MessageType::kReady, Sizes(kMiB, 512)) + Framed(MessageType::kPartition, lie) +
                Framed(MessageType::kLayoutEnd, "dos"));
    absl::StatusOr<std::unique_ptr<VolumeReader>> reader = Start(EmptyFile("disk", kMiB));
    ASSERT_TRUE(reader.ok()) << reader.status();
    const absl::Status status = (*reader)->ReadLayout().status();
    EXPECT_TRUE(absl::IsAborted(status)) << status;
  }
}

TEST_F(VolumeReaderTest, DisbelievesEndlessPartitions) {
  std::string words = Framed(MessageType::kReady, Sizes(kMiB, 512));
  for (int i = 0; i < 5000; ++i) words += Framed(MessageType::kPartition, "");
  LetChildSay(words);
  absl::StatusOr<std::unique_ptr<VolumeReader>> reader = Start(EmptyFile("disk", kMiB));
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_TRUE(absl::IsAborted((*reader)->ReadLayout().status()));
}

TEST_F(VolumeReaderTest, DisbelievesFilesThatCannotBe) {
  v1::RawEntry elsewhere;
  elsewhere.set_name("../../etc/shadow");
  elsewhere.set_allocation(v1::ALLOCATION_ALLOCATED);
  std::string climbing;
  AppendEntry(elsewhere, climbing);
  for (const std::string& lie : {climbing, climbing.substr(0, 20), std::string(8, '\xff')}) {
    LetChildSay(Framed(MessageType::kReady, Sizes(kMiB, 512)) + Framed(MessageType::kEntries, lie) +
                Framed(MessageType::kEntriesEnd, ""));
    absl::StatusOr<std::unique_ptr<VolumeReader>> reader = Start(EmptyFile("disk", kMiB));
    ASSERT_TRUE(reader.ok()) << reader.status();
    const absl::Status status = (*reader)->ReadFolder({}, {}, [](std::vector<v1::RawEntry>) {
      ADD_FAILURE() << "a lie was handed on";
      return absl::OkStatus();
    });
    EXPECT_TRUE(absl::IsAborted(status)) << status;
  }
}

TEST_F(VolumeReaderTest, DisbelievesMoreBytesThanWereAskedFor) {
  std::string size;
  AppendNumber(size, 5000);
  LetChildSay(Framed(MessageType::kReady, Sizes(kMiB, 512)) + Framed(MessageType::kBytes, size));
  absl::StatusOr<std::unique_ptr<VolumeReader>> reader = Start(EmptyFile("disk", kMiB));
  ASSERT_TRUE(reader.ok()) << reader.status();
  char buffer[4096];
  EXPECT_TRUE(absl::IsAborted((*reader)->ReadAttribute({}, {}, 0, absl::MakeSpan(buffer)).status()));
}

TEST_F(VolumeReaderTest, HandsOnWhatTheReaderOfAFolderStopsItWith) {
  absl::StatusOr<std::unique_ptr<VolumeReader>> reader = Start(MakeExt4("ext4"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  const absl::Status status =
      (*reader)->ReadFolder({}, {}, [](std::vector<v1::RawEntry>) { return absl::CancelledError("enough"); });
  EXPECT_TRUE(absl::IsCancelled(status)) << status;
  EXPECT_TRUE(absl::IsAborted((*reader)->DescribeFileSystem(0).status()));
}

TEST_F(VolumeReaderTest, SaysSoWhereItsProgramIsMissing) {
  options_.executable = Path("nothing");
  EXPECT_TRUE(absl::IsNotFound(Start(EmptyFile("disk", kMiB)).status()));
}

}  // namespace
}  // namespace hozen
