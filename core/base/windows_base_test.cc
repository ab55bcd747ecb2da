// The ground that *_windows.cc files stand on.
#include <windows.h>

#include <cerrno>
#include <string>

#include "core/base/native_error.h"
#include "core/base/status_context.h"
#include "core/base/windows_error.h"
#include "core/base/windows_handle.h"
#include "core/base/windows_text.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(WindowsErrorTest, ErrorsKeepTheirMeaning) {
  EXPECT_TRUE(absl::IsNotFound(Win32Status(ERROR_PATH_NOT_FOUND, "x")));
  EXPECT_TRUE(absl::IsPermissionDenied(Win32Status(ERROR_ACCESS_DENIED, "x")));
  EXPECT_TRUE(absl::IsResourceExhausted(Win32Status(ERROR_DISK_FULL, "x")));
  EXPECT_TRUE(absl::IsDataLoss(Win32Status(ERROR_CRC, "x")));
  EXPECT_EQ(SystemErrorOf(Win32Status(ERROR_SHARING_VIOLATION, "x")), EBUSY);
  EXPECT_EQ(NativeErrorOf(WithContext(Win32Status(ERROR_SHARING_VIOLATION, "x"), "y")), ERROR_SHARING_VIOLATION);
  EXPECT_EQ(ErrnoOfWin32(0xFFFF), 0);
}

TEST(WindowsErrorTest, TheSystemsWordsAndItsNumberAreSaid) {
  const std::string message(Win32Status(ERROR_FILE_NOT_FOUND, "opening C:\\x").message());
  EXPECT_THAT(message, StartsWith("opening C:\\x: "));
  EXPECT_THAT(message, EndsWith("(Windows error 2)"));
  EXPECT_THAT(std::string(Win32Status(0x12345678, "x").message()), HasSubstr("without a message"));
}

TEST(WindowsTextTest, WideTextsComeBack) {
  const std::wstring half = {L'a', static_cast<wchar_t>(0xD83D), L'b'};
  for (const std::wstring& text : {std::wstring(L"C:\\保全\\😀"), half, std::wstring()}) {
    EXPECT_EQ(WideOfWtf8(Wtf8OfWide(text)), text);
  }
}

TEST(WindowsTextTest, PathsBecomeAbsoluteAndOfAnyLength) {
  EXPECT_EQ(ExtendedPath(L"C:/a/../b"), LR"(\\?\C:\b)");
  EXPECT_EQ(ExtendedPath(LR"(\\server\share\x)"), LR"(\\?\UNC\server\share\x)");
  EXPECT_EQ(ExtendedPath(LR"(\\?\C:\a\..\b)"), LR"(\\?\C:\a\..\b)");
  EXPECT_EQ(ExtendedPath(LR"(\\.\PhysicalDrive0)"), LR"(\\.\PhysicalDrive0)");
}

TEST(WindowsHandleTest, ADescriptorOwnsItsHandle) {
  WindowsHandle event(::CreateEventW(nullptr, TRUE, FALSE, nullptr));
  ASSERT_TRUE(event.valid());
  EXPECT_FALSE(WindowsHandle(INVALID_HANDLE_VALUE).valid());
  WindowsHandle nul(::CreateFileW(L"NUL", GENERIC_WRITE, FILE_SHARE_WRITE, nullptr, OPEN_EXISTING, 0, nullptr));
  ASSERT_TRUE(nul.valid());
  void* const handle = nul.get();
  const absl::StatusOr<UniqueFd> fd = FdOf(std::move(nul));
  ASSERT_TRUE(fd.ok()) << fd.status();
  EXPECT_EQ(HandleOf(fd->get()), handle);
  EXPECT_FALSE(nul.valid());
}

// Its user's other processes are not elevated.
TEST(WindowsHandleTest, AnAdministratorsThingsAreNotItsUsers) {
  const LocalMemory descriptor = PrivateDescriptor();
  ASSERT_NE(descriptor, nullptr);
  BOOL there = FALSE;
  BOOL defaulted = FALSE;
  ACL* list = nullptr;
  ASSERT_TRUE(::GetSecurityDescriptorDacl(descriptor.get(), &there, &list, &defaulted));
  HANDLE token = nullptr;
  ASSERT_TRUE(::OpenProcessToken(::GetCurrentProcess(), TOKEN_QUERY, &token));
  const WindowsHandle owned(token);
  alignas(TOKEN_OWNER) char owner[sizeof(TOKEN_OWNER) + SECURITY_MAX_SID_SIZE];
  DWORD size = sizeof(owner);
  ASSERT_TRUE(::GetTokenInformation(token, TokenOwner, owner, size, &size));
  const bool is_administrators =
      ::IsWellKnownSid(reinterpret_cast<TOKEN_OWNER*>(owner)->Owner, WinBuiltinAdministratorsSid) != 0;
  EXPECT_EQ(list->AceCount, is_administrators ? 2 : 3);
}

}  // namespace
}  // namespace hozen
