#include "agent/raw/offline_system.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::ElementsAre;
using ::testing::FieldsAre;
using ::testing::IsEmpty;

OfflineVolume Volume(uint32_t partition, const std::string& uuid, const std::string& label) {
  OfflineVolume volume;
  volume.partition.set_number(partition);
  volume.facts.uuid = uuid;
  volume.facts.label = label;
  return volume;
}

TEST(FstabTest, GivesWhatIsMountedSomewhere) {
  EXPECT_THAT(ParseFstab("# a comment\n"
                         "UUID=0a3407de-014b-458b-b5c1-848e92a327a3 / ext4 defaults 0 1\n"
                         "\n"
                         "LABEL=\"data\"\t/srv/data\\040and\\040more/  xfs noatime 0 2\n"
                         "/dev/sda3 none swap sw 0 0\n"
                         "/dev/sda4 /var\n"),
              ElementsAre(FieldsAre("UUID=0a3407de-014b-458b-b5c1-848e92a327a3", "/"),
                          FieldsAre("LABEL=data", "/srv/data and more")));
}

TEST(FstabTest, PathsAreTidiedAndOnesThatLeadUpAreLeftOut) {
  EXPECT_THAT(ParseFstab("/dev/sda2 //data/./x ext4 d 0 0\n/dev/sda3 /a/../b ext4 d 0 0\n/dev/sda4 / ext4 d 0 0\n"),
              ElementsAre(FieldsAre("/dev/sda2", "/data/x"), FieldsAre("/dev/sda4", "/")));
}

TEST(FstabTest, NothingIsNothing) {
  EXPECT_THAT(ParseFstab(""), IsEmpty());
  EXPECT_THAT(ParseFstab("\n \n\t\n#/ /\n"), IsEmpty());
}

TEST(FstabTest, AVolumeIsMeantByItsUuidWhateverTheCase) {
  const FstabLine line = {.source = "UUID=ab12-CD34", .path = "/boot/efi"};
  EXPECT_TRUE(IsMeantBy(line, Volume(1, "AB12-CD34", "")));
  EXPECT_FALSE(IsMeantBy(line, Volume(1, "AB12-CD35", "")));
  EXPECT_FALSE(IsMeantBy({.source = "UUID=", .path = "/x"}, Volume(1, "", "")));
  EXPECT_TRUE(IsMeantBy({.source = "/dev/disk/by-uuid/AB12-CD34", .path = "/x"}, Volume(1, "AB12-CD34", "")));
}

TEST(FstabTest, AVolumeIsMeantByItsLabelLetterForLetter) {
  EXPECT_TRUE(IsMeantBy({.source = "LABEL=data", .path = "/x"}, Volume(1, "", "data")));
  EXPECT_FALSE(IsMeantBy({.source = "LABEL=data", .path = "/x"}, Volume(1, "", "DATA")));
}

TEST(FstabTest, AVolumeIsMeantByTheUuidOfItsPartition) {
  OfflineVolume volume = Volume(1, "", "");
  EXPECT_FALSE(IsMeantBy({.source = "PARTUUID=", .path = "/x"}, volume));
  volume.partition.set_uuid("d4a5c1f0-02");
  EXPECT_TRUE(IsMeantBy({.source = "PARTUUID=D4A5C1F0-02", .path = "/x"}, volume));
  EXPECT_TRUE(IsMeantBy({.source = "/dev/disk/by-partuuid/d4a5c1f0-02", .path = "/x"}, volume));
  EXPECT_FALSE(IsMeantBy({.source = "PARTUUID=d4a5c1f0-01", .path = "/x"}, volume));
  EXPECT_FALSE(IsMeantBy({.source = "UUID=d4a5c1f0-02", .path = "/x"}, volume));
}

TEST(FstabTest, ADeviceMeansThePartitionWithItsNumber) {
  EXPECT_TRUE(IsMeantBy({.source = "/dev/sda2", .path = "/x"}, Volume(2, "", "")));
  EXPECT_TRUE(IsMeantBy({.source = "/dev/nvme0n1p12", .path = "/x"}, Volume(12, "", "")));
  EXPECT_FALSE(IsMeantBy({.source = "/dev/sda2", .path = "/x"}, Volume(1, "", "")));
  EXPECT_FALSE(IsMeantBy({.source = "/dev/mapper/vg-var2", .path = "/x"}, Volume(2, "", "")));
  EXPECT_FALSE(IsMeantBy({.source = "tmpfs", .path = "/tmp"}, Volume(2, "", "")));
}

}  // namespace
}  // namespace hozen
