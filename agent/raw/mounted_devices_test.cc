#include "agent/raw/mounted_devices.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using namespace std::string_literals;  // NOLINT: the literals of bytes with zeros
using ::testing::Eq;
using ::testing::Optional;

// d4a5c1f0 at 1 MiB, as a value has it.
const std::string kMbrData = "\xf0\xc1\xa5\xd4\x00\x00\x10\x00\x00\x00\x00\x00"s;
// Of the GUID that UEFI gives to EFI system partitions: c12a7328-f81f-11d2-ba4b-00a0c93ec93b.
const std::string kGptData = "DMIO:ID:\x28\x73\x2a\xc1\x1f\xf8\xd2\x11\xba\x4b\x00\xa0\xc9\x3e\xc9\x3b"s;

v1::RegistryValue Value(const std::string& name, const std::string& data) {
  v1::RegistryValue value;
  value.set_name(name);
  value.set_type(3);
  value.set_data(data);
  value.set_size_bytes(data.size());
  return value;
}

v1::Partition Partition(const std::string& uuid, uint64_t offset_bytes) {
  v1::Partition partition;
  partition.set_uuid(uuid);
  partition.set_offset_bytes(offset_bytes);
  return partition;
}

TEST(MountedDevicesTest, APartitionOfAnMbrIsKnownByItsDisksSignatureAndItsOffset) {
  MountedDevices devices;
  devices.Add(Value("\\DosDevices\\E:", kMbrData));
  EXPECT_THAT(devices.DriveOf(Partition("d4a5c1f0-02", 1 << 20)), Optional(Eq("E:")));
  EXPECT_THAT(devices.DriveOf(Partition("d4a5c1f0-02", 2 << 20)), Eq(std::nullopt));
  EXPECT_THAT(devices.DriveOf(Partition("d4a5c1f1-02", 1 << 20)), Eq(std::nullopt));
}

TEST(MountedDevicesTest, APartitionOfAGptIsKnownByItsGuidWhereverItStands) {
  MountedDevices devices;
  devices.Add(Value("\\dosdevices\\s:", kGptData));
  EXPECT_THAT(devices.DriveOf(Partition("c12a7328-f81f-11d2-ba4b-00a0c93ec93b", 7 << 20)), Optional(Eq("S:")));
  EXPECT_THAT(devices.DriveOf(Partition("c12a7328-f81f-11d2-ba4b-00a0c93ec93c", 7 << 20)), Eq(std::nullopt));
}

TEST(MountedDevicesTest, AVolumesNameStandsForWhatItsLetterStandsFor) {
  MountedDevices devices;
  devices.Add(Value("\\??\\Volume{0c1b5f2e-1111-2222-3333-444444444444}", kMbrData));
  EXPECT_THAT(devices.MountIdOfVolume("VOLUME{0C1B5F2E-1111-2222-3333-444444444444}"),
              Optional(Eq(MountIdOf(Partition("d4a5c1f0-01", 1 << 20)))));
  EXPECT_THAT(devices.MountIdOfVolume("Volume{0c1b5f2e-1111-2222-3333-444444444445}"), Eq(std::nullopt));
  EXPECT_THAT(devices.DriveOf(Partition("d4a5c1f0-01", 1 << 20)), Eq(std::nullopt));
}

TEST(MountedDevicesTest, TheFirstOfSeveralLettersCounts) {
  MountedDevices devices;
  devices.Add(Value("\\DosDevices\\D:", kMbrData));
  devices.Add(Value("\\DosDevices\\E:", kMbrData));
  EXPECT_THAT(devices.DriveOf(Partition("d4a5c1f0-01", 1 << 20)), Optional(Eq("D:")));
}

TEST(MountedDevicesTest, WhatHasAnotherFormIsLeftOut) {
  MountedDevices devices;
  const std::string names[] = {"",
                               "\\DosDevices\\",
                               "\\DosDevices\\D",
                               "\\DosDevices\\D:\\",
                               "\\DosDevices\\1:",
                               "\\DosDevices\\\xc3\xa4",
                               "\\DosDevices\\..",
                               "\\??\\D:",
                               "DosDevices\\D:"};
  for (const std::string& name : names) devices.Add(Value(name, kMbrData));
  for (size_t size = 0; size < kGptData.size(); ++size) {
    devices.Add(Value("\\DosDevices\\D:", kGptData.substr(0, size)));
  }
  devices.Add(Value("\\DosDevices\\D:", "_??_USBSTOR#Disk&Ven_"));
  devices.Add(Value("\\DosDevices\\D:", "DMIO:XX:" + kGptData.substr(8)));
  v1::RegistryValue cut = Value("\\DosDevices\\D:", kMbrData);
  cut.set_size_bytes(kMbrData.size() + 1);
  devices.Add(cut);
  EXPECT_THAT(devices.DriveOf(Partition("d4a5c1f0-01", 1 << 20)), Eq(std::nullopt));
  EXPECT_THAT(devices.DriveOf(Partition("c12a7328-f81f-11d2-ba4b-00a0c93ec93b", 0)), Eq(std::nullopt));
}

TEST(MountedDevicesTest, APartitionWithoutUuidIsNone) {
  EXPECT_EQ(MountIdOf(Partition("", 1 << 20)), "");
  EXPECT_EQ(MountIdOf(Partition("d4a5c1f0", 1 << 20)), "");
  MountedDevices devices;
  devices.Add(Value("\\DosDevices\\D:", kMbrData));
  EXPECT_THAT(devices.DriveOf(Partition("", 1 << 20)), Eq(std::nullopt));
}

}  // namespace
}  // namespace hozen
