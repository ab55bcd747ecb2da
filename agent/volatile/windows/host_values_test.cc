#include "agent/volatile/windows/host_values.h"

#include <windows.h>

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using namespace std::string_view_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(HostValuesTest, TextIsPrintable) {
  EXPECT_EQ(WideText(L"a\\\x1b保"), "a\\\\\\x1b保");
  EXPECT_EQ(WideText(std::wstring_view(L"a\0b", 3)), "a\\x00b");
  EXPECT_EQ(WideText(static_cast<const wchar_t*>(nullptr)), "");
}

TEST(HostValuesTest, TimesAreThose) {
  EXPECT_EQ(TimeOfFiletime(116'444'736'000'000'001)->nanos(), 100);
  EXPECT_EQ(TimeOfFiletime(116'444'735'999'999'999)->seconds(), -1);
  EXPECT_EQ(TimeOfFiletime(1)->seconds(), -11'644'473'600);
  EXPECT_FALSE(TimeOfFiletime(0).has_value());
  EXPECT_FALSE(TimeOfFiletime(INT64_MAX).has_value());
  EXPECT_FALSE(TimeOfFiletime(UINT64_MAX).has_value());
}

TEST(HostValuesTest, ListsOfTexts) {
  EXPECT_THAT(SplitMultiText(L"a\0\0bc\0"sv), ElementsAre(L"a", L"bc"));
  EXPECT_THAT(SplitMultiText(L"a"sv), ElementsAre(L"a"));
  EXPECT_THAT(SplitMultiText(L""sv), IsEmpty());
  EXPECT_THAT(MultiTextAt(L"a\0bc\0\0d"), ElementsAre(L"a", L"bc"));
  EXPECT_THAT(MultiTextAt(L"abc\0d", 2), ElementsAre(L"ab"));
  EXPECT_THAT(MultiTextAt(nullptr), IsEmpty());
}

TEST(HostValuesTest, Ids) {
  BYTE sid[] = {1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0};
  EXPECT_EQ(SidText(sid), "S-1-5-18");
  sid[0] = 9;
  EXPECT_EQ(SidText(sid), "");
  EXPECT_EQ(SidText(nullptr), "");
  const GUID id = {0x01234567, 0x89ab, 0xcdef, {0, 1, 2, 3, 4, 5, 6, 0xff}};
  EXPECT_EQ(GuidText(&id), "{01234567-89ab-cdef-0001-0203040506ff}");
}

}  // namespace
}  // namespace hozen
