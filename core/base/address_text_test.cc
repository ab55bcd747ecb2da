#include "core/base/address_text.h"

#include "gtest/gtest.h"

namespace hozen {
namespace {

TEST(InternetAddressTextTest, SaysBothKinds) {
  EXPECT_EQ(InternetAddressText(std::string_view("\xC0\x00\x02\x01", 4)), "192.0.2.1");
  EXPECT_EQ(InternetAddressText(std::string_view("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16)), "2001:db8::1");
}

TEST(InternetAddressTextTest, IsEmptyForWhatIsNoAddress) {
  EXPECT_EQ(InternetAddressText(""), "");
  EXPECT_EQ(InternetAddressText("12345"), "");
}

}  // namespace
}  // namespace hozen
