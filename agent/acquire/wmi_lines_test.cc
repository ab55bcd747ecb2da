#include "agent/acquire/wmi_lines.h"

#include <limits>
#include <memory>
#include <utility>

#include "core/base/printable.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

WmiObject ObjectWith(std::string name, WmiValue value, std::string problem = "") {
  WmiObject object;
  object.class_name = "C";
  object.properties.push_back({.name = std::move(name), .value = std::move(value), .problem = std::move(problem)});
  return object;
}

// The value's JSON, out of a line.
std::string JsonOf(WmiValue value) {
  const std::string line = WmiLine(ObjectWith("p", std::move(value)));
  EXPECT_TRUE(IsValidUtf8(line));
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const std::string begin = R"({"class":"C","properties":{"p":)";
  EXPECT_EQ(line.substr(0, begin.size()), begin);
  return line.substr(begin.size(), line.size() - begin.size() - 3);
}

TEST(WmiLinesTest, AnObjectIsALine) {
  WmiObject object = ObjectWith("Name", {.is = std::string("Dns\"cache")});
  object.class_name = "Win32_Service";
  object.path = R"(\\PC7\root\cimv2:Win32_Service.Name="Dnscache")";
  object.properties.push_back({.name = "ProcessId", .value = {.is = int64_t{1184}}, .problem = ""});
  EXPECT_EQ(WmiLine(object),
            R"({"class":"Win32_Service","path":"\\\\PC7\\root\\cimv2:Win32_Service.Name=\"Dnscache\"",)"
            R"("properties":{"Name":"Dns\"cache","ProcessId":1184}})"
            "\n");
  EXPECT_EQ(WmiLine(WmiObject()), "{\"class\":\"\",\"properties\":{}}\n");
}

TEST(WmiLinesTest, EachTypeHasItsValue) {
  EXPECT_EQ(JsonOf({}), "null");
  EXPECT_EQ(JsonOf({.is = true}), "true");
  EXPECT_EQ(JsonOf({.is = int64_t{-1}}), "-1");
  EXPECT_EQ(JsonOf({.is = int64_t{4294967295}}), "4294967295");
  EXPECT_EQ(JsonOf({.is = 0.1}), "0.1");
  EXPECT_EQ(JsonOf({.is = std::numeric_limits<double>::infinity()}), "\"inf\"");
  EXPECT_EQ(JsonOf({.is = std::numeric_limits<double>::quiet_NaN()}), "\"nan\"");
  EXPECT_EQ(JsonOf({.is = std::string("18446744073709551615")}), "\"18446744073709551615\"");
  EXPECT_EQ(JsonOf({.is = WmiValue::Time{"20260101120000.000001+060"}}), "\"2026-01-01T11:00:00.000001Z\"");
  EXPECT_EQ(JsonOf({.is = WmiValue::Time{"\n"}}), "\"\\u000a\"");
  std::vector<WmiValue> list;
  list.push_back({.is = std::string("a")});
  list.push_back({});
  EXPECT_EQ(JsonOf({.is = std::move(list)}), R"(["a",null])");
  EXPECT_EQ(JsonOf({.is = std::vector<WmiValue>()}), "[]");
  EXPECT_EQ(JsonOf({.is = std::make_unique<WmiObject>(ObjectWith("q", {.is = false}))}),
            R"({"class":"C","properties":{"q":false}})");
}

TEST(WmiLinesTest, HostileTextStaysALineOfJson) {
  EXPECT_EQ(JsonOf({.is = std::string("\xED\xA0\xBD")}), R"("\ud83d")");
  EXPECT_EQ(JsonOf({.is = std::string("a\0\n\xFF", 4)}).find('\n'), std::string::npos);
  WmiObject object = ObjectWith("\"}\n", {.is = std::string("x")}, "\xFF\n");
  object.class_name = object.path = "\n\"";
  const std::string line = WmiLine(object);
  EXPECT_TRUE(IsValidUtf8(line));
  EXPECT_EQ(line.find('\n'), line.size() - 1);
}

TEST(WmiLinesTest, ProblemsStandByTheirName) {
  const WmiObject object = ObjectWith("p", {}, "no");
  EXPECT_EQ(WmiLine(object), "{\"class\":\"C\",\"properties\":{\"p\":null},\"problems\":{\"p\":\"no\"}}\n");
  EXPECT_TRUE(HasProblems(object));
  EXPECT_FALSE(HasProblems(ObjectWith("p", {})));
  std::vector<WmiValue> list;
  list.push_back({.is = std::make_unique<WmiObject>(ObjectWith("p", {}, "no"))});
  EXPECT_TRUE(HasProblems(ObjectWith("q", {.is = std::move(list)})));
  // An object that could not be looked at at all.
  EXPECT_EQ(WmiLine(ObjectWith("", {}, "no")), "{\"class\":\"C\",\"properties\":{},\"problems\":{\"\":\"no\"}}\n");
}

TEST(WmiLinesTest, TheEndCounts) {
  EXPECT_EQ(WmiEndLine(0, 0), "{\"end\":{\"records\":\"0\"}}\n");
  EXPECT_EQ(WmiEndLine(12, 3), "{\"end\":{\"records\":\"12\",\"missing\":\"3\"}}\n");
}

TEST(Rfc3339OfCimTest, TakesPointsInTimeAlone) {
  EXPECT_EQ(Rfc3339OfCim("20240229235959.999999-120"), "2024-03-01T01:59:59.999999Z");
  EXPECT_EQ(Rfc3339OfCim("16010101000000.000000+000"), "1601-01-01T00:00:00.000000Z");
  EXPECT_EQ(Rfc3339OfCim("00020101000000.000000+000"), "0002-01-01T00:00:00.000000Z");
  for (const char* text : {"", "20230229000000.000000+000", "20240230000000.000000+000", "20241301000000.000000+000",
                           "20240101240000.000000+000", "20240101006000.000000+000", "20240101000060.000000+000",
                           "00000001000000.000000:000", "20240101******.******+***", "2024010100000 .000000+000",
                           "20240101000000,000000+000", "20240101000000.000000+00", "20240101000000.000000+0000",
                           "+0240101000000.000000+000", "00010101000000.000000+999", "99991231235959.000000-999"}) {
    EXPECT_EQ(Rfc3339OfCim(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace hozen
