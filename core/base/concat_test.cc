#include "core/base/concat.h"

#include "gtest/gtest.h"

namespace hozen {
namespace {

TEST(ConcatTest, JoinsBothKindsOfViewsTextAndNumbers) {
  const std::string_view standard = "standard";
  const absl::string_view abseil = "abseil";
  EXPECT_EQ(Concat(standard, "+", abseil, "+", std::string("owned"), "+", 42, "+", uint64_t{1} << 63),
            "standard+abseil+owned+42+9223372036854775808");
}

TEST(ConcatTest, KeepsZeroBytesOfViews) {
  const std::string_view bytes("a\0b", 3);
  EXPECT_EQ(Concat(bytes, bytes), std::string("a\0ba\0b", 6));
}

TEST(ConcatTest, ViewsReferToTheSameBytes) {
  const std::string text = "text";
  const std::string_view view = text;
  EXPECT_EQ(AbslView(view).data(), text.data());
  EXPECT_EQ(StdView(AbslView(view)), view);
}

}  // namespace
}  // namespace hozen
