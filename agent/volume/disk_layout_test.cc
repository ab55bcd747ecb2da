#include "agent/volume/disk_layout.h"

#include <fcntl.h>
#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "agent/volume/descriptor_media.h"
#include "agent/volume/disk_image.h"
#include "agent/volume/testing_containers.h"
#include "core/base/concat.h"
#include "core/base/unique_fd.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kDiskBytes = 96 << 20;

using Range = std::pair<uint64_t, uint64_t>;  // start and length in sectors

class DiskLayoutTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string folder = testing::TempDir() + "/layout.XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
  }
  void TearDown() override { fs::remove_all(folder_); }

  // With the partition table that `script` says, by sfdisk.
  std::string MakeDisk(const std::string& name, const std::string& script) {
    const std::string disk = folder_ / name;
    RunShell(Concat("truncate -s ", kDiskBytes, " ", disk, " && printf '", script, "' | sfdisk -q ", disk));
    return disk;
  }

  std::vector<v1::Partition> Partitions(const std::string& disk) {
    std::vector<v1::Partition> partitions;
    const UniqueFd file(open(disk.c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_TRUE(file.valid());
    DescriptorMedia media({{.fd = file.get(), .size_bytes = kDiskBytes}}, 512, [] {});
    const std::unique_ptr<DiskImage> image = DiskImage::Create(media);
    EXPECT_NE(image, nullptr);
    if (image == nullptr) return partitions;
    ReadDiskLayout(*image, [&partitions](const v1::Partition& partition) { partitions.push_back(partition); });
    return partitions;
  }

  std::string Output(const std::string& command) {
    const fs::path said = folder_ / "said";
    RunShell(Concat(command, " > ", said.string()));
    return ContentsOf(said);
  }

  // As partx numbers and names them, by where they begin, in sectors.
  std::map<uint64_t, std::string> UuidsByPartx(const std::string& disk) {
    std::map<uint64_t, std::string> uuids;
    std::istringstream stream(Output(Concat("partx -g -o START,UUID ", disk)));
    uint64_t start = 0;
    for (std::string uuid; stream >> start >> uuid;) uuids.emplace(start, uuid);
    return uuids;
  }

  void ExpectUuidsAsPartxHasThem(const std::vector<v1::Partition>& partitions, const std::string& disk) {
    const std::map<uint64_t, std::string> judged = UuidsByPartx(disk);
    for (const v1::Partition& partition : partitions) {
      const auto found = judged.find(partition.offset_bytes() / 512);
      ASSERT_NE(found, judged.end()) << partition.offset_bytes();
      EXPECT_EQ(partition.uuid(), found->second) << partition.offset_bytes();
    }
  }

  std::vector<Range> RangesByMmls(const std::string& disk) {
    std::vector<Range> ranges;
    std::istringstream stream(Output(Concat("mmls -a ", disk, " | awk '/^[0-9]+:/ {print $3 + 0, $5 + 0}'")));
    for (Range range; stream >> range.first >> range.second;) ranges.push_back(range);
    return ranges;
  }

  static std::vector<Range> Ranges(const std::vector<v1::Partition>& partitions) {
    std::vector<Range> ranges;
    for (const v1::Partition& one : partitions) ranges.emplace_back(one.offset_bytes() / 512, one.size_bytes() / 512);
    return ranges;
  }

  fs::path folder_;
};

// An entry of an MBR, or of a table in its chain, as no partitioning tool would write it.
void PutMbrEntry(const std::string& disk, uint64_t table_sector, int slot, char type, uint32_t start, uint32_t size) {
  std::fstream file(disk, std::ios::binary | std::ios::in | std::ios::out);
  std::string entry(16, '\0');
  entry[4] = type;
  for (int i = 0; i < 4; ++i) {
    entry[8 + i] = static_cast<char>(start >> 8 * i);
    entry[12 + i] = static_cast<char>(size >> 8 * i);
  }
  file.seekp(static_cast<std::streamoff>(table_sector * 512 + 446 + slot * 16)) << entry;
  file.seekp(static_cast<std::streamoff>(table_sector * 512 + 510)) << "\x55\xaa";
  ASSERT_TRUE(file.good());
}

TEST_F(DiskLayoutTest, PartitionsOfUsualTablesHaveTheUuidsThatLinuxGivesThem) {
  for (const char* table : {"label: dos\\n1M,32M,83\\n40M,16M,7\\n60M,30M,E\\n61M,8M,83\\n",
                            "label: gpt\\nstart=2048,size=65536,type=L,name=data\\nstart=81920,size=32768,type=L\\n"}) {
    const std::string disk = MakeDisk("disk", table);
    const std::vector<v1::Partition> partitions = Partitions(disk);
    ASSERT_GE(partitions.size(), 2u);
    EXPECT_EQ(Ranges(partitions), RangesByMmls(disk));
    ExpectUuidsAsPartxHasThem(partitions, disk);
  }
}

// Their numbers are neither those of their places nor those of mmls.
TEST_F(DiskLayoutTest, PartitionsHaveTheUuidsThatLinuxGivesThem) {
  for (const char* table : {"label: dos\\n1M,32M,83\\n60M,30M,E\\n40M,16M,7\\n61M,8M,83\\n75M,8M,83\\n",
                            "label: gpt\\nstart=81920,size=32768,type=L\\nstart=2048,size=65536,type=L\\n"}) {
    const std::string disk = MakeDisk("disk", table);
    const std::vector<v1::Partition> partitions = Partitions(disk);
    ASSERT_GE(partitions.size(), 2u);
    ExpectUuidsAsPartxHasThem(partitions, disk);
  }
}

TEST_F(DiskLayoutTest, OddMbrsHaveTheUuidsThatLinuxGivesThem) {
  const std::string disk = MakeDisk("disk", "label: dos\\n1M,4M,83\\n");
  // Two chains; in the first a slot that is empty, one that is rubbish, and a second link, which Linux does not follow.
  PutMbrEntry(disk, 0, 1, 0x05, 20000, 20000);
  PutMbrEntry(disk, 0, 3, 0x0f, 60000, 20000);
  PutMbrEntry(disk, 20000, 1, 0x05, 1000, 1000);
  PutMbrEntry(disk, 21000, 0, 0x83, 100, 800);
  PutMbrEntry(disk, 21000, 1, 0x05, 2000, 1000);
  PutMbrEntry(disk, 21000, 2, 0x83, 70000, 100);
  PutMbrEntry(disk, 21000, 3, 0x85, 5000, 1000);
  PutMbrEntry(disk, 22000, 0, 0x07, 100, 800);
  PutMbrEntry(disk, 60000, 0, 0x83, 100, 800);
  PutMbrEntry(disk, 60000, 1, 0x05, 1000, 1000);
  PutMbrEntry(disk, 61000, 0, 0x83, 100, 800);
  const std::vector<v1::Partition> partitions = Partitions(disk);
  const std::map<uint64_t, std::string> judged = UuidsByPartx(disk);
  std::map<uint64_t, std::string> ours;
  for (const v1::Partition& partition : partitions) {
    if (!partition.uuid().empty()) ours.emplace(partition.offset_bytes() / 512, partition.uuid());
  }
  EXPECT_EQ(ours.size(), 5u);
  for (const auto& [start, uuid] : ours) EXPECT_EQ(judged.at(start), uuid) << start;
}

// More than libtsk can count: it has a byte for the slot, and one for the table.
TEST_F(DiskLayoutTest, ManyPartitionsHaveTheUuidsThatLinuxGivesThem) {
  const std::string chain = MakeDisk("chain", "label: dos\\nstart=2048,size=180000,type=5\\n");
  for (uint32_t i = 0; i < 150; ++i) {
    PutMbrEntry(chain, 2048 + 200 * i, 0, 0x07, 64, 100);
    if (i < 149) PutMbrEntry(chain, 2048 + 200 * i, 1, 0x05, 200 * (i + 1), 200);
  }
  const std::string gpt = MakeDisk("gpt",
                                   "label: gpt\\ntable-length: 300\\n257: start=2048,size=2048,type=L\\n"
                                   "1: start=8192,size=2048,type=L\\n140: start=20480,size=2048,type=L\\n");
  for (const std::string& disk : {chain, gpt}) {
    const std::vector<v1::Partition> partitions = Partitions(disk);
    ASSERT_EQ(partitions.size(), disk == chain ? 150u : 3u);
    ExpectUuidsAsPartxHasThem(partitions, disk);
  }
}

// As tools for two systems on one disk made them. What libtsk says of it stands.
TEST_F(DiskLayoutTest, AHybridMbrBesideASoundGptIsNotReadFromTheBackup) {
  const std::string disk = MakeDisk("disk", "label: gpt\\nstart=8192,size=8192,type=L\\n");
  PutMbrEntry(disk, 0, 0, 0x07, 8192, 8192);
  PutMbrEntry(disk, 0, 3, static_cast<char>(0xee), 1, 8191);
  const std::vector<v1::Partition> partitions = Partitions(disk);
  ASSERT_EQ(partitions.size(), 2u);
  EXPECT_EQ(Ranges(partitions), RangesByMmls(disk));
  for (const v1::Partition& partition : partitions) {
    EXPECT_EQ(partition.note().find("backup"), std::string::npos) << partition.note();
  }
}

TEST_F(DiskLayoutTest, AGptWhoseFirstHeaderIsGoneHasItsUuidsToo) {
  const std::string disk =
      MakeDisk("disk", "label: gpt\\nstart=2048,size=65536,type=L\\nstart=81920,size=32768,type=L\\n");
  const std::map<uint64_t, std::string> judged = UuidsByPartx(disk);
  RunShell(Concat("dd if=/dev/zero of=", disk, " bs=512 seek=1 count=33 conv=notrunc"));
  const std::vector<v1::Partition> partitions = Partitions(disk);
  ASSERT_EQ(partitions.size(), 2u);
  EXPECT_EQ(partitions[0].uuid(), judged.at(2048));
  EXPECT_EQ(partitions[1].uuid(), judged.at(81920));
  EXPECT_NE(partitions[0].note().find("backup"), std::string::npos) << partitions[0].note();
}

TEST_F(DiskLayoutTest, ADiskThatWasGivenNoSignatureHasNoUuids) {
  const std::string disk = MakeDisk("disk", "label: dos\\nlabel-id: 0x0\\n1M,32M,83\\n");
  const std::vector<v1::Partition> partitions = Partitions(disk);
  ASSERT_EQ(partitions.size(), 1u);
  EXPECT_EQ(partitions[0].uuid(), "");
}

}  // namespace
}  // namespace hozen
