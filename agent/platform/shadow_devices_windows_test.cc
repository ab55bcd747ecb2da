#include <windows.h>

#include "agent/platform/shadow_devices.h"
// After windows.h.
#include <winternl.h>

#include <string>

#include "agent/platform/object_directory_windows.h"
#include "core/base/windows_handle.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::Contains;
using ::testing::Field;
using ::testing::Not;

extern "C" NTSTATUS NTAPI NtCreateSymbolicLinkObject(HANDLE* link, ACCESS_MASK access, OBJECT_ATTRIBUTES* attributes,
                                                     UNICODE_STRING* target);

// A name in \Device as a shadow copy has it; gone with its handle. Not valid where we may not make one there.
WindowsHandle MakeDevice(const wchar_t* name) {
  UNICODE_STRING text = {};
  UNICODE_STRING target = {};
  ::RtlInitUnicodeString(&text, name);
  ::RtlInitUnicodeString(&target, L"\\Device\\Null");
  OBJECT_ATTRIBUTES attributes = {};
  InitializeObjectAttributes(&attributes, &text, OBJ_CASE_INSENSITIVE, nullptr, nullptr);
  HANDLE link = nullptr;
  constexpr ACCESS_MASK kAllAccess = STANDARD_RIGHTS_REQUIRED | 1;
  return NtCreateSymbolicLinkObject(&link, kAllAccess, &attributes, &target) < 0 ? WindowsHandle()
                                                                                 : WindowsHandle(link);
}

TEST(ObjectDirectoryTest, HoldsTheSystemsDevices) {
  const absl::StatusOr<std::vector<DirectoryObject>> objects = ListObjectDirectory("\\Device");
  ASSERT_TRUE(objects.ok()) << objects.status();
  EXPECT_THAT(*objects, Contains(Field(&DirectoryObject::name, "NamedPipe")));
  for (const DirectoryObject& object : *objects) {
    if (object.name == "Null") {
      EXPECT_EQ(object.type, "Device");
    }
  }
  EXPECT_TRUE(absl::IsNotFound(ListObjectDirectory("\\No such directory").status()));
}

TEST(ShadowDevicesTest, AreListedByNumber) {
  const WindowsHandle late = MakeDevice(L"\\Device\\HarddiskVolumeShadowCopy40710");
  const WindowsHandle early = MakeDevice(L"\\Device\\HarddiskVolumeShadowCopy40709");
  const WindowsHandle other = MakeDevice(L"\\Device\\HarddiskVolumeShadowCopyX");
  if (!late.valid() || !early.valid()) GTEST_SKIP() << "this user may not make names in \\Device";
  const absl::StatusOr<std::vector<std::string>> devices = ListShadowDevices();
  ASSERT_TRUE(devices.ok()) << devices.status();
  const std::string begin = R"(\\?\GLOBALROOT\Device\HarddiskVolumeShadowCopy)";
  ASSERT_GE(devices->size(), 2u);
  EXPECT_EQ((*devices)[devices->size() - 2], begin + "40709");
  EXPECT_EQ(devices->back(), begin + "40710");
  EXPECT_THAT(*devices, Not(Contains(begin + "X")));
}

TEST(ShadowDevicesTest, GoWithTheirCopy) {
  const absl::StatusOr<std::vector<std::string>> devices = ListShadowDevices();
  ASSERT_TRUE(devices.ok()) << devices.status();
  EXPECT_THAT(*devices, Not(Contains(R"(\\?\GLOBALROOT\Device\HarddiskVolumeShadowCopy40709)")));
}

}  // namespace
}  // namespace hozen
