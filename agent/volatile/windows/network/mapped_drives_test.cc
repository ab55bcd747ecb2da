#include "agent/volatile/windows/network/mapped_drives.h"

#include <windows.h>
// After windows.h.
#include <winternl.h>

#include <string>
#include <vector>

#include "core/base/windows_handle.h"
#include "gtest/gtest.h"

extern "C" {
NTSTATUS NTAPI NtCreateDirectoryObject(PHANDLE folder, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes);
NTSTATUS NTAPI NtCreateSymbolicLinkObject(PHANDLE link, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes,
                                          PUNICODE_STRING target);
}

namespace hozen {
namespace {

UNICODE_STRING Name(std::wstring& text) {
  UNICODE_STRING name = {};
  name.Buffer = text.data();
  name.Length = name.MaximumLength = static_cast<USHORT>(text.size() * sizeof(wchar_t));
  return name;
}

WindowsHandle MakeFolder(std::wstring path) {
  UNICODE_STRING name = Name(path);
  OBJECT_ATTRIBUTES attributes = {};
  InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, nullptr, nullptr);
  HANDLE handle = nullptr;
  EXPECT_EQ(::NtCreateDirectoryObject(&handle, GENERIC_ALL, &attributes), 0);
  return WindowsHandle(handle);
}

WindowsHandle MakeLink(std::wstring path, std::wstring target) {
  UNICODE_STRING name = Name(path), to = Name(target);
  OBJECT_ATTRIBUTES attributes = {};
  InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, nullptr, nullptr);
  HANDLE handle = nullptr;
  EXPECT_EQ(::NtCreateSymbolicLinkObject(&handle, GENERIC_ALL, &attributes, &to), 0);
  return WindowsHandle(handle);
}

TEST(MappedDrivesTest, EveryLogonsAreThere) {
  const WindowsHandle all = MakeFolder(L"\\BaseNamedObjects\\HozenDevices");
  const WindowsHandle logon = MakeFolder(L"\\BaseNamedObjects\\HozenDevices\\00000001-000abcde");
  const WindowsHandle drive = MakeLink(L"\\BaseNamedObjects\\HozenDevices\\00000001-000abcde\\X:",
                                       L"\\Device\\Mup\\;LanmanRedirector\\;X:00000001000abcde\\server\\share");
  const WindowsHandle local = MakeLink(L"\\BaseNamedObjects\\HozenDevices\\00000001-000abcde\\Y:", L"\\??\\C:\\folder");
  const std::vector<v1::VolatileRecord> records = MappedDrives(L"\\BaseNamedObjects\\HozenDevices");
  ASSERT_EQ(records.size(), 1u);
  const v1::SmbConnection& connection = records[0].smb_connection();
  EXPECT_EQ(connection.local(), "X:") << records[0].ShortDebugString();
  EXPECT_EQ(connection.remote(), "\\\\\\\\server\\\\share");
  EXPECT_EQ(connection.logon_id(), "0x1000abcde");
  EXPECT_EQ(connection.state(), "mapped");
}

TEST(MappedDrivesTest, WhatIsNotThereIsMissing) {
  const std::vector<v1::VolatileRecord> records = MappedDrives(L"\\HozenNone");
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].missing().failure().cause(), v1::CAUSE_NOT_FOUND);
}

TEST(ParseMappedDriveTest, OnlyOtherHostsAre) {
  EXPECT_EQ(ParseMappedDrive(L"X:", LR"(\Device\LanmanRedirector\;X:0000000000012345\s\d\e)")->remote(),
            R"(\\\\s\\d\\e)");
  EXPECT_FALSE(ParseMappedDrive(L"C:", LR"(\Device\HarddiskVolume1)").has_value());
  EXPECT_FALSE(ParseMappedDrive(L"X:", LR"(\Device\Mup\;LanmanRedirector)").has_value());
  EXPECT_FALSE(ParseMappedDrive(L"X:", LR"(\Device\Mup\;X:1\)").has_value());
  EXPECT_FALSE(ParseMappedDrive(L"X:", LR"(\??\C:\;x\y)").has_value());
  EXPECT_FALSE(ParseMappedDrive(L"", L"").has_value());
}

}  // namespace
}  // namespace hozen
