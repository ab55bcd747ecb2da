#include "agent/volatile/windows/logon_state.h"

#include <windows.h>
// After windows.h.
#include <ntsecapi.h>

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::StartsWith;

TEST(LogonStateTest, WhoeverRunsThisIsLoggedOn) {
  const StateContext context;
  const std::vector<v1::VolatileRecord> records = LogonRecords(context);
  if (records.empty()) GTEST_SKIP() << "wine knows neither logons nor desktop sessions";
  size_t logons = 0, sessions = 0;
  for (const v1::VolatileRecord& record : records) {
    ASSERT_TRUE(record.has_login()) << record.ShortDebugString();
    const v1::LoginState& login = record.login();
    if (login.source() == "lsa") {
      ++logons;
      EXPECT_THAT(login.logon_id(), StartsWith("0x"));
      EXPECT_FALSE(login.logon_type().empty());
    } else {
      ++sessions;
      EXPECT_EQ(login.source(), "wts");
      EXPECT_FALSE(login.state().empty());
    }
  }
  EXPECT_GT(logons, 0u);
  EXPECT_GT(sessions, 0u);
}

TEST(LogonStateTest, ALogonIsDescribed) {
  wchar_t user[] = L"e\x1bve", domain[] = L"CORP", package[] = L"Kerberos";
  const auto text = [](wchar_t* of, size_t size) {
    LSA_UNICODE_STRING string = {};
    string.Buffer = of;
    // Not ended by a zero.
    string.Length = string.MaximumLength = static_cast<USHORT>(size * sizeof(wchar_t));
    return string;
  };
  BYTE sid[] = {1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0};
  SECURITY_LOGON_SESSION_DATA data = {};
  data.LogonId = {.LowPart = 0x3e7, .HighPart = 1};
  data.UserName = text(user, 3);
  data.LogonDomain = text(domain, 4);
  data.AuthenticationPackage = text(package, 8);
  data.LogonType = Network;
  data.Session = 2;
  data.Sid = sid;
  data.LogonTime.QuadPart = 116'444'736'010'000'000;
  const v1::LoginState login = DescribeLogon(&data);
  EXPECT_EQ(login.user(), "CORP\\\\e\\x1bv");
  EXPECT_EQ(login.logon_id(), "0x1000003e7");
  EXPECT_EQ(login.logon_type(), "network");
  EXPECT_EQ(login.authentication(), "Kerberos");
  EXPECT_EQ(login.session(), 2u);
  EXPECT_EQ(login.sid(), "S-1-5-18");
  EXPECT_EQ(login.at().seconds(), 1);
  EXPECT_EQ(login.logon_server(), "");
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
