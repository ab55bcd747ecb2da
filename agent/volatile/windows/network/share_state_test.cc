#include "agent/volatile/windows/network/share_state.h"

#include <windows.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::Contains;
using ::testing::Key;

TEST(ShareStateTest, NamesAreThoseOfDocumentation) {
  EXPECT_EQ(ShareKindName(0), "disk");
  EXPECT_EQ(ShareKindName(3), "ipc");
  EXPECT_EQ(ShareKindName(4), "4");
}

TEST(ShareStateTest, EachPartIsThereOrSaysWhyNot) {
  const StateContext context;
  std::set<std::string> missing;
  bool any_share = false;
  for (const v1::VolatileRecord& record : ShareRecords(context)) {
    any_share = any_share || record.has_smb_share();
    if (!record.has_missing()) continue;
    missing.insert(record.missing().what());
    EXPECT_NE(record.missing().failure().cause(), v1::CAUSE_UNSPECIFIED);
  }
  if (!any_share) {
    EXPECT_THAT(missing, Contains("shares"));
  }
}

TEST(ShareStateTest, ADriveThatComesBackIsRemembered) {
  const std::wstring remote = L"\\\\server\\share";
  ASSERT_EQ(::RegSetKeyValueW(HKEY_CURRENT_USER, L"Network\\q", L"RemotePath", REG_SZ, remote.c_str(),
                              static_cast<DWORD>((remote.size() + 1) * sizeof(wchar_t))),
            ERROR_SUCCESS);
  const DWORD number = 1;
  ::RegSetKeyValueW(HKEY_CURRENT_USER, L"Network\\r", L"RemotePath", REG_DWORD, &number, sizeof(number));
  const StateContext context;
  std::map<std::string, v1::SmbConnection> connections;
  for (const v1::VolatileRecord& record : ShareRecords(context)) {
    if (record.has_smb_connection()) connections[record.smb_connection().local()] = record.smb_connection();
  }
  ::RegDeleteTreeW(HKEY_CURRENT_USER, L"Network\\q");
  ::RegDeleteTreeW(HKEY_CURRENT_USER, L"Network\\r");
  ASSERT_THAT(connections, Contains(Key("q:")));
  EXPECT_EQ(connections["q:"].remote(), "\\\\\\\\server\\\\share");
  EXPECT_EQ(connections["q:"].state(), "remembered");
  EXPECT_THAT(connections["q:"].user(), ::testing::StartsWith("S-1-5-21-"));
  EXPECT_EQ(connections.count("r:"), 0u);
}

TEST(ShareStateTest, ItStopsWhenCollectingEnds) {
  StateContext context;
  context.keep_on = [] { return false; };
  for (const v1::VolatileRecord& record : ShareRecords(context)) {
    EXPECT_FALSE(record.has_smb_share() || record.has_smb_session() || record.has_smb_file());
  }
}

}  // namespace
}  // namespace hozen
