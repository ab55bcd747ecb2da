#include "core/base/language.h"

#include <stdlib.h>

#include "gtest/gtest.h"

namespace hozen {
namespace {

// What UserLanguage says in a process of its own, since it reads the environment only once.
bool IsJapaneseWith(const char* lc_all, const char* lc_messages, const char* lang) {
  bool japanese = false;
  const auto set = [](const char* name, const char* value) {
    if (value == nullptr) {
      ::unsetenv(name);
    } else {
      ::setenv(name, value, 1);
    }
  };
  EXPECT_EXIT(
      {
        set("LC_ALL", lc_all);
        set("LC_MESSAGES", lc_messages);
        set("LANG", lang);
        ::exit(UserLanguage() == Language::kJapanese ? 10 : 20);
      },
      [&japanese](int status) {
        japanese = WIFEXITED(status) && WEXITSTATUS(status) == 10;
        return japanese || (WIFEXITED(status) && WEXITSTATUS(status) == 20);
      },
      "");
  return japanese;
}

TEST(LanguageDeathTest, TheFirstVariableThatIsSetDecides) {
  ::testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_TRUE(IsJapaneseWith("ja_JP.UTF-8", "C", "en_US.UTF-8"));
  EXPECT_FALSE(IsJapaneseWith("C", "ja_JP.UTF-8", "ja_JP.UTF-8"));
  EXPECT_TRUE(IsJapaneseWith(nullptr, "ja", "en_US.UTF-8"));
  EXPECT_TRUE(IsJapaneseWith(nullptr, nullptr, "ja_JP.eucJP"));
}

TEST(LanguageDeathTest, AnEmptyVariableCountsAsNotSet) {
  ::testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_TRUE(IsJapaneseWith("", "", "ja_JP.UTF-8"));
}

TEST(LanguageDeathTest, NothingSetIsEnglish) {
  ::testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_FALSE(IsJapaneseWith(nullptr, nullptr, nullptr));
}

TEST(LanguageTest, SaysWhatTheUserReads) {
  SetUserLanguage(Language::kJapanese);
  EXPECT_EQ(UserLanguage(), Language::kJapanese);
  EXPECT_EQ(Say("Waiting for the host", "端末の接続を待っています"), "端末の接続を待っています");
  SetUserLanguage(Language::kEnglish);
  EXPECT_EQ(Say("Waiting for the host", "端末の接続を待っています"), "Waiting for the host");
}

}  // namespace
}  // namespace hozen
