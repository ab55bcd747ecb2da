#include "core/json/json.h"

#include "gtest/gtest.h"

namespace hozen {
namespace {

TEST(JsonTest, MembersKeepTheirOrderBothWays) {
  const std::string text = R"({"z":1,"a":[true,null,"証拠"],"m":18446744073709551615})";
  EXPECT_EQ(JsonText(ParseJson(text)), text);
}

TEST(JsonTest, IndentedItHasALineForEachMember) {
  EXPECT_EQ(JsonText({{"a", 1}, {"b", Json::array({2})}}, 1), "{\n \"a\": 1,\n \"b\": [\n  2\n ]\n}");
}

TEST(JsonTest, BytesThatAreNotUtf8AreReplaced) {
  EXPECT_EQ(JsonText(Json("a\xFFz")), "\"a\uFFFDz\"");
  EXPECT_EQ(JsonText(Json("\xE8\xA8")), "\"\uFFFD\"");
}

TEST(JsonTest, WhatIsNotJsonIsDiscarded) {
  for (const char* text : {"", "{", "{\"a\":1}x", "nul", "\"\xFF\"", "[1,]", "{\"a\" 1}"}) {
    const Json json = ParseJson(text);
    EXPECT_TRUE(json.is_discarded()) << text;
    EXPECT_FALSE(json.is_object() || json.is_array() || json.is_null()) << text;
  }
}

}  // namespace
}  // namespace hozen
