#include "core/base/wtf8.h"

#include <gtest/gtest.h>

#include <string>

#include "core/base/printable.h"
#include "core/base/testing_utf16.h"

namespace hozen {
namespace {

TEST(Wtf8Test, WellFormedTextBecomesUtf8) {
  EXPECT_EQ(Wtf8OfUtf16(Utf16(u"aé保😀")), "aé保😀");
  EXPECT_EQ(Wtf8OfUtf16(""), "");
  EXPECT_EQ(Wtf8OfUtf16("a"), "");
  EXPECT_EQ(Wtf8OfUtf16(std::string("a\0b", 3)), "a");
  EXPECT_EQ(Wtf8OfUtf16(std::string("\0\0x\0", 4)), std::string("\0x", 2));
  EXPECT_EQ(Utf8OfLatin1("a\xe9"), "aé");
}

TEST(Wtf8Test, HalfPairsAreKeptApart) {
  EXPECT_EQ(Wtf8OfUtf16(Utf16({u"\xD83D", 1})), "\xED\xA0\xBD");
  EXPECT_EQ(Wtf8OfUtf16(Utf16({u"\xDE00\xD83D", 2})), "\xED\xB8\x80\xED\xA0\xBD");
  EXPECT_EQ(JsonOfWtf8("x\xED\xA0\xBDy"), "\"x\\ud83dy\"");
  EXPECT_EQ(JsonOfWtf8("\xED\xB8\x80"), "\"\\ude00\"");
}

TEST(Wtf8Test, TheWayBackLosesNothing) {
  for (const std::u16string_view text :
       {std::u16string_view(u"aé保😀"), std::u16string_view(u"\xD83D", 1), std::u16string_view(u"\xDE00\xD83D", 2),
        std::u16string_view(u"x\0y", 3), std::u16string_view()}) {
    EXPECT_EQ(Utf16OfWtf8(Wtf8OfUtf16(Utf16(text))), Utf16(text));
  }
  EXPECT_EQ(Utf16OfWtf8("\xFFz"), Utf16(u"\xFFFDz"));
}

TEST(Wtf8Test, JsonIsValidWhateverTheBytes) {
  EXPECT_EQ(JsonOfWtf8(std::string("q\"b\\n\n\0\x7f", 8)), "\"q\\\"b\\\\n\\u000a\\u0000\\u007f\"");
  EXPECT_EQ(JsonOfWtf8("😀"), "\"😀\"");
  for (const std::string bad :
       {"\xff", "\xc0\x80", "\xe0\x80\x80", "\xf5\x80\x80\x80", "\xc3", "\xf0\x80\x80\x80", "\x80"}) {
    const std::string json = JsonOfWtf8(bad);
    EXPECT_TRUE(IsValidUtf8(json));
    EXPECT_NE(json.find("\xEF\xBF\xBD"), std::string::npos) << json;
  }
}

}  // namespace
}  // namespace hozen
