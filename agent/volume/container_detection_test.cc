#include "agent/volume/container_detection.h"

#include <gtest/gtest.h>

#include <string>

namespace hozen {
namespace {

std::string Padded(std::string bytes, size_t at = 0) {
  bytes.insert(0, at, '\0');
  bytes.resize(512, '\0');
  return bytes;
}

TEST(DetectContainerTest, KnowsWhatIsReadByItsMark) {
  const std::string zeros = Padded("");
  EXPECT_EQ(*DetectContainer(Padded({"EVF\x09\x0d\x0a\xff\0\x01", 9}), zeros), ContainerKind::kEwf);
  EXPECT_EQ(*DetectContainer(Padded("QFI\xfb"), zeros), ContainerKind::kQcow);
  EXPECT_EQ(*DetectContainer(Padded("KDMV"), zeros), ContainerKind::kVmdk);
  EXPECT_EQ(*DetectContainer(Padded("conectix"), Padded("conectix")), ContainerKind::kVhd);
  EXPECT_EQ(*DetectContainer(zeros, Padded("conectix")), ContainerKind::kVhd);
}

TEST(DetectContainerTest, AnythingElseIsPlain) {
  EXPECT_EQ(*DetectContainer("", ""), ContainerKind::kPlain);
  EXPECT_EQ(*DetectContainer("EVF", "con"), ContainerKind::kPlain);
  EXPECT_EQ(*DetectContainer(Padded("QFI\xfb", 1), Padded("conectix", 1)), ContainerKind::kPlain);
  EXPECT_EQ(*DetectContainer(Padded("\xEB\x52\x90NTFS    "), Padded("")), ContainerKind::kPlain);
}

TEST(DetectContainerTest, RefusesWhatItKnowsAndCannotRead) {
  for (const std::string& head : {Padded("vhdxfile"), Padded("\x7f\x10\xda\xbe", 64), Padded("COWD"),
                                  Padded({"EVF2\x0d\x0a\x81\0", 8}), Padded({"AFF10\x0d\x0a\0", 8})}) {
    const absl::Status status = DetectContainer(head, Padded("")).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_NE(status.message().find("raw"), absl::string_view::npos) << status;
  }
  EXPECT_TRUE(absl::IsInvalidArgument(DetectContainer(Padded(""), Padded("koly")).status()));
}

TEST(PartNameTest, CountsAsEnCaseDoes) {
  const auto name = [](uint32_t number) { return PartName(ContainerKind::kEwf, "/x/case.E01", number); };
  EXPECT_EQ(name(0), "");
  EXPECT_EQ(name(1), "/x/case.E01");
  EXPECT_EQ(name(2), "/x/case.E02");
  EXPECT_EQ(name(99), "/x/case.E99");
  EXPECT_EQ(name(100), "/x/case.EAA");
  EXPECT_EQ(name(125), "/x/case.EAZ");
  EXPECT_EQ(name(126), "/x/case.EBA");
  EXPECT_EQ(name(99 + 26 * 26), "/x/case.EZZ");
  EXPECT_EQ(name(100 + 26 * 26), "/x/case.FAA");
  EXPECT_EQ(name(99 + 22 * 26 * 26), "/x/case.ZZZ");
  EXPECT_EQ(name(100 + 22 * 26 * 26), "");
  EXPECT_EQ(PartName(ContainerKind::kEwf, "/x/case.s01", 100), "/x/case.saa");
  EXPECT_EQ(PartName(ContainerKind::kEwf, "/x/case.e01", 12), "/x/case.e12");
}

TEST(PartNameTest, ExtentsOfAVmdkBearVMwaresNames) {
  EXPECT_EQ(*DetectContainer(Padded("# Disk DescriptorFile\n"), Padded("")), ContainerKind::kVmdkFlat);
  EXPECT_EQ(PartName(ContainerKind::kVmdkFlat, "/x/pc.vmdk", 1), "/x/pc.vmdk");
  EXPECT_EQ(PartName(ContainerKind::kVmdkFlat, "/x/pc.vmdk", 2), "/x/pc-flat.vmdk");
  EXPECT_EQ(PartName(ContainerKind::kVmdkFlat, "/x/pc.vmdk", 3), "");
  EXPECT_EQ(PartName(ContainerKind::kVmdkFlatPieces, "/x/pc.VMDK", 2), "/x/pc-f001.VMDK");
  EXPECT_EQ(PartName(ContainerKind::kVmdkSparsePieces, "/x/pc.vmdk", 12), "/x/pc-s011.vmdk");
  EXPECT_EQ(PartName(ContainerKind::kVmdkSparsePieces, "/x/pc.vmdk", 1001), "");
  EXPECT_EQ(PartName(ContainerKind::kVmdk, "/x/pc.vmdk", 2), "");
  EXPECT_EQ(PartName(ContainerKind::kVmdkFlat, "vmdk", 2), "");
}

TEST(PartNameTest, CountsAsSplitDoes) {
  EXPECT_EQ(PartName(ContainerKind::kSplit, "/x/disk.dd.001", 2), "/x/disk.dd.002");
  EXPECT_EQ(PartName(ContainerKind::kSplit, "/x/disk.dd.001", 10), "/x/disk.dd.010");
  EXPECT_EQ(PartName(ContainerKind::kSplit, "/x/disk.dd.001", 999), "/x/disk.dd.999");
  EXPECT_EQ(PartName(ContainerKind::kSplit, "/x/disk.dd.001", 1000), "");
}

TEST(PartNameTest, OtherNamesHaveNoParts) {
  for (const char* first : {"", "E01", "/x/case", "/x/case.E02", "/x/case.E1", "/x/case.001x", "/x/case.101"}) {
    EXPECT_EQ(PartName(ContainerKind::kEwf, first, 2), "") << first;
    EXPECT_EQ(PartName(ContainerKind::kSplit, first, 2), "") << first;
  }
  EXPECT_EQ(PartName(ContainerKind::kQcow, "/x/case.E01", 2), "");
}

}  // namespace
}  // namespace hozen
