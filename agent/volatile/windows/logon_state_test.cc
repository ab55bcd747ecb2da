#include "agent/volatile/windows/logon_state.h"

#include <windows.h>

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::EndsWith;
using ::testing::StartsWith;

TEST(LogonStateTest, WhoeverRunsThisIsLoggedOn) {
  wchar_t name[256] = {};
  DWORD size = 256;
  ASSERT_TRUE(::GetUserNameW(name, &size));
  const StateContext context;
  bool logon = false, session = false;
  for (const v1::VolatileRecord& record : LogonRecords(context)) {
    ASSERT_TRUE(record.has_login()) << record.ShortDebugString();
    const v1::LoginState& login = record.login();
    if (login.source() == "lsa") {
      logon = true;
      EXPECT_THAT(login.logon_id(), StartsWith("0x"));
      EXPECT_THAT(login.sid(), StartsWith("S-1-"));
      EXPECT_FALSE(login.logon_type().empty());
    } else {
      session = true;
      EXPECT_EQ(login.source(), "wts");
      EXPECT_FALSE(login.state().empty());
    }
  }
  EXPECT_TRUE(logon);
  EXPECT_TRUE(session);
}

TEST(LogonStateTest, NumbersHaveNames) {
  EXPECT_EQ(LogonTypeName(0), "system");
  EXPECT_EQ(LogonTypeName(1), "1");
  EXPECT_EQ(LogonTypeName(3), "network");
  EXPECT_EQ(LogonTypeName(10), "remote_interactive");
  EXPECT_EQ(LogonTypeName(13), "cached_unlock");
  EXPECT_EQ(LogonTypeName(14), "14");
  EXPECT_EQ(DesktopStateName(4), "disconnected");
  EXPECT_EQ(DesktopStateName(10), "10");
}

}  // namespace
}  // namespace hozen
