#include "agent/volatile/windows/device_paths.h"

#include "gtest/gtest.h"

namespace hozen {
namespace {

TEST(DevicePathsTest, DevicesBecomePlaces) {
  const DevicePaths paths({{L"\\Device\\HarddiskVolume1", L"C:"}, {L"\\Device\\HarddiskVolume12", L"C:\\mnt"}},
                          L"C:\\Windows");
  EXPECT_EQ(paths.PathOfDevice(L"\\Device\\HarddiskVolume1\\a\\b"), L"C:\\a\\b");
  EXPECT_EQ(paths.PathOfDevice(L"\\DEVICE\\harddiskvolume12\\a"), L"C:\\mnt\\a");
  EXPECT_EQ(paths.PathOfDevice(L"\\Device\\HarddiskVolume3\\a"), L"\\\\?\\GLOBALROOT\\Device\\HarddiskVolume3\\a");
  EXPECT_EQ(paths.PathOfDevice(L"\\SystemRoot\\system32\\x.sys"), L"C:\\Windows\\system32\\x.sys");
  EXPECT_EQ(paths.PathOfDevice(L"\\??\\D:\\x"), L"D:\\x");
  EXPECT_EQ(paths.PathOfDevice(L"\\??\\UNC\\server\\share\\x"), L"\\\\server\\share\\x");
  EXPECT_EQ(paths.PathOfDevice(L"\\Device\\Mup\\server\\share\\x"), L"\\\\server\\share\\x");
  EXPECT_EQ(paths.PathOfDevice(L"\\Device\\Mup\\;LanmanRedirector\\;Z:00000000000003e7\\server\\share\\x"),
            L"\\\\server\\share\\x");
  EXPECT_EQ(paths.PathOfDevice(L"\\Device\\Mup\\;"), L"\\\\");
  EXPECT_EQ(paths.PathOfDevice(L"Registry"), L"Registry");
  EXPECT_EQ(paths.PathOfDevice(L""), L"");
  EXPECT_EQ(paths.DeviceOf(L"c:"), L"\\Device\\HarddiskVolume1");
}

}  // namespace
}  // namespace hozen
