#include "core/base/printable.h"

#include <random>
#include <set>

#include "gtest/gtest.h"

namespace hozen {
namespace {

TEST(PrintableTest, OrdinaryTextStaysAsItIs) {
  EXPECT_EQ(Printable(""), "");
  EXPECT_EQ(Printable("/etc/passwd: no such file"), "/etc/passwd: no such file");
  EXPECT_EQ(Printable("証拠/é/🔒"), "証拠/é/🔒");
}

TEST(PrintableTest, BackslashesAreDoubled) {
  EXPECT_EQ(Printable("C:\\x41"), "C:\\\\x41");
  EXPECT_EQ(PrintableLine("C:\\x41"), "C:\\x41");
}

TEST(PrintableTest, ControlCharactersBecomeEscapes) {
  EXPECT_EQ(Printable(std::string_view("a\0b\n\x1b\x7f", 6)), "a\\x00b\\x0a\\x1b\\x7f");
  EXPECT_EQ(Printable("\xc2\x9b"
                      "31m"),
            "\\xc2\\x9b31m")
      << "U+009B starts an escape sequence, too";
  EXPECT_EQ(Printable("\xe2\x80\xa8"), "\\xe2\\x80\\xa8") << "U+2028 ends a line";
  EXPECT_EQ(Printable("evil\xe2\x80\xaegpj.exe"), "evil\\xe2\\x80\\xaegpj.exe") << "U+202E turns what follows around";
}

TEST(PrintableTest, BytesThatAreNotUtf8BecomeEscapes) {
  EXPECT_EQ(Printable("\xff"), "\\xff");
  EXPECT_EQ(Printable("a\xe6\x97"), "a\\xe6\\x97") << "cut short";
  EXPECT_EQ(Printable("\xc0\xaf"), "\\xc0\\xaf") << "overlong";
  EXPECT_EQ(Printable("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
  EXPECT_EQ(Printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "above U+10FFFF";
}

TEST(PrintableTest, FromPrintableIsTheWayBackForEveryPairOfBytes) {
  std::set<std::string> seen;
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string bytes = {static_cast<char>(first), static_cast<char>(second)};
      const std::string shown = Printable(bytes);
      EXPECT_EQ(FromPrintable(shown), bytes);
      EXPECT_TRUE(IsValidUtf8(shown));
      EXPECT_TRUE(seen.insert(shown).second) << shown << " stands for two things";
    }
  }
}

TEST(PrintableTest, FromPrintableIsTheWayBackForRandomBytes) {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random() % 40, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    EXPECT_EQ(FromPrintable(Printable(bytes)), bytes);
  }
}

TEST(PrintableTest, FromPrintableKeepsTextThatPrintableNeverMakes) {
  EXPECT_EQ(FromPrintable("\\"), "\\");
  EXPECT_EQ(FromPrintable("\\q\\x4"), "\\q\\x4");
  EXPECT_EQ(FromPrintable("\\xZZ"), "\\xZZ");
  EXPECT_EQ(FromPrintable("\x4A"), "J");
}

TEST(PrintableTest, FromPrintableTakesDevicesOfWindowsAsTheyAreTypedAndAsTheyAreShown) {
  for (const std::string name : {R"(\\.\PhysicalDrive0)", R"(\\.\E:)", R"(\\?\GLOBALROOT\Device\x)"}) {
    EXPECT_EQ(FromPrintable(name), name);
    EXPECT_EQ(FromPrintable(Printable(name)), name);
  }
}

TEST(IsValidUtf8Test, KnowsWellFormedFromOther) {
  EXPECT_TRUE(IsValidUtf8(""));
  EXPECT_TRUE(IsValidUtf8(std::string_view("\0", 1)));
  EXPECT_TRUE(IsValidUtf8("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf")) << "the neighbours of what is forbidden";
  EXPECT_FALSE(IsValidUtf8("\x80"));
  EXPECT_FALSE(IsValidUtf8("\xe0\x80\x80"));
  EXPECT_FALSE(IsValidUtf8("\xf8\x88\x80\x80\x80"));
}

}  // namespace
}  // namespace hozen
