#include "core/base/path_text.h"

#include "gtest/gtest.h"

namespace hozen {
namespace {

TEST(PathTextTest, AnyNameComesBack) {
  // On Linux any bytes are a name; on Windows any UTF-16 is, and the last of these is half of a surrogate pair.
  for (const char* name : {"plain", "with space", "保全", "\xED\xA0\xBD"}) {
    EXPECT_EQ(PathText(PathOf(name)), name);
    EXPECT_EQ(PathText(PathOf("folder") / PathOf(name)).size(), std::string_view(name).size() + 7);
  }
  EXPECT_EQ(PathText({}), "");
}

}  // namespace
}  // namespace hozen
