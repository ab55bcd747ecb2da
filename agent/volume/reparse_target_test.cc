#include "agent/volume/reparse_target.h"

#include <string>

#include "absl/status/status.h"
#include "core/base/concat.h"
#include "core/base/testing_utf16.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

std::string Number(size_t number, size_t size) {
  std::string bytes;
  for (; bytes.size() < size; number >>= 8) bytes.push_back(static_cast<char>(number & 0xFF));
  return bytes;
}

// As the system writes it, the name for people last.
std::string ReparsePoint(uint32_t tag, const std::string& flags, const std::string& target) {
  const std::string names = Concat(target, Number(0, 2), Utf16(u"for people"));
  const std::string data =
      Concat(Number(0, 2), Number(target.size(), 2), Number(target.size() + 2, 2), Number(20, 2), flags, names);
  return Concat(Number(tag, 4), Number(data.size(), 2), Number(0, 2), data);
}

constexpr uint32_t kJunction = 0xA0000003;
constexpr uint32_t kLink = 0xA000000C;

TEST(ReparseTargetTest, AJunctionLeadsToADrive) {
  const auto target = ReparseTarget(ReparsePoint(kJunction, "", Utf16(u"\\??\\D:\\Users")));
  ASSERT_TRUE(target.ok()) << target.status();
  EXPECT_EQ(*target, R"(\??\D:\Users)");
}

TEST(ReparseTargetTest, ASymbolicLinkHasFlags) {
  const auto target = ReparseTarget(ReparsePoint(kLink, Number(1, 4), Utf16(u"..\\\u65e5")));
  ASSERT_TRUE(target.ok()) << target.status();
  EXPECT_EQ(*target, "..\\\xE6\x97\xA5");
}

TEST(ReparseTargetTest, OthersLeadNowhere) {
  EXPECT_TRUE(absl::IsNotFound(ReparseTarget(Concat(Number(0x80000017, 4), Number(0, 12))).status()));
}

TEST(ReparseTargetTest, DamagedOnesAreSaid) {
  const std::string whole = ReparsePoint(kJunction, "", Utf16(u"\\??\\D:"));
  for (const size_t size : {0, 7, 8, 15, 20}) {
    EXPECT_TRUE(absl::IsDataLoss(ReparseTarget(whole.substr(0, size)).status())) << size;
  }
}

}  // namespace
}  // namespace hozen
