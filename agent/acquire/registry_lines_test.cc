#include "agent/acquire/registry_lines.h"

#include <gtest/gtest.h>

#include <string>

#include "core/base/printable.h"
#include "core/base/testing_utf16.h"

namespace hozen {
namespace {

v1::RegistryValue Value(uint32_t type, const std::string& data, const std::string& name = "v") {
  v1::RegistryValue value;
  value.set_name(name);
  value.set_type(type);
  value.set_data(data);
  value.set_size_bytes(data.size());
  return value;
}

std::string LineOf(const v1::RegistryValue& value) {
  v1::RegistryKey key;
  key.set_path("\\k");
  *key.add_values() = value;
  const std::string line = RegistryLine(key, "R");
  EXPECT_TRUE(IsValidUtf8(line));
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const std::string begin = "{\"key\":\"R\\\\k\",\"values\":[{";
  EXPECT_EQ(line.substr(0, begin.size()), begin);
  return line.substr(begin.size(), line.size() - begin.size() - 4);
}

TEST(RegistryLinesTest, AKeyIsALine) {
  v1::RegistryKey key;
  key.set_path("\\Select");
  key.set_last_written_unix_ns(1'600'000'000'123'456'700);
  *key.add_values() = Value(4, std::string("\1\0\0\0", 4), "Current");
  *key.add_values() = Value(1, Utf16({u"x\0", 2}), "");
  key.set_continued(true);
  key.set_problem("1 of its values cannot be read");
  EXPECT_EQ(RegistryLine(key, "HKEY_LOCAL_MACHINE\\System"),
            "{\"key\":\"HKEY_LOCAL_MACHINE\\\\System\\\\Select\",\"last_written\":\"2020-09-13T12:26:40.1234567Z\","
            "\"values\":[{\"name\":\"Current\",\"type\":\"REG_DWORD\",\"data\":1},"
            "{\"name\":\"\",\"type\":\"REG_SZ\",\"data\":\"x\"}],\"continued\":true,"
            "\"problem\":\"1 of its values cannot be read\"}\n");
}

TEST(RegistryLinesTest, DataIsToldByItsType) {
  EXPECT_EQ(LineOf(Value(2, Utf16({u"a\0b\0\0", 5}))),
            "\"name\":\"v\",\"type\":\"REG_EXPAND_SZ\",\"data\":\"a\\u0000b\"");
  EXPECT_EQ(LineOf(Value(1, Utf16({u"\xD800x", 2}))), "\"name\":\"v\",\"type\":\"REG_SZ\",\"data\":\"\\ud800x\"");
  EXPECT_EQ(LineOf(Value(7, Utf16({u"a\0\0bc\0\0", 7}))),
            "\"name\":\"v\",\"type\":\"REG_MULTI_SZ\",\"data\":[\"a\",\"\",\"bc\"]");
  EXPECT_EQ(LineOf(Value(7, "")), "\"name\":\"v\",\"type\":\"REG_MULTI_SZ\",\"data\":[]");
  EXPECT_EQ(LineOf(Value(5, std::string("\0\0\1\2", 4))),
            "\"name\":\"v\",\"type\":\"REG_DWORD_BIG_ENDIAN\",\"data\":258");
  EXPECT_EQ(LineOf(Value(11, std::string("\0\0\0\0\0\0\x20\0", 8))),
            "\"name\":\"v\",\"type\":\"REG_QWORD\",\"data\":9007199254740992");
  EXPECT_EQ(LineOf(Value(11, std::string(8, '\xff'))),
            "\"name\":\"v\",\"type\":\"REG_QWORD\",\"data\":\"18446744073709551615\"");
  EXPECT_EQ(LineOf(Value(3, "abc")),
            "\"name\":\"v\",\"type\":\"REG_BINARY\",\"data\":\"YWJj\",\"encoding\":\"base64\"");
}

TEST(RegistryLinesTest, WhatItsTypeDoesNotFitIsBytes) {
  EXPECT_EQ(LineOf(Value(4, "abc")), "\"name\":\"v\",\"type\":\"REG_DWORD\",\"data\":\"YWJj\",\"encoding\":\"base64\"");
  EXPECT_EQ(LineOf(Value(1, "abc")), "\"name\":\"v\",\"type\":\"REG_SZ\",\"data\":\"YWJj\",\"encoding\":\"base64\"");
  EXPECT_EQ(LineOf(Value(0xABC, "")), "\"name\":\"v\",\"type\":\"0x00000abc\",\"data\":\"\",\"encoding\":\"base64\"");
}

TEST(RegistryLinesTest, WhatIsCutOffSaysSo) {
  v1::RegistryValue value = Value(3, "abc");
  value.set_size_bytes(10);
  value.set_problem("lost");
  EXPECT_EQ(LineOf(value),
            "\"name\":\"v\",\"type\":\"REG_BINARY\",\"data\":\"YWJj\",\"encoding\":\"base64\",\"cut\":true,"
            "\"size_bytes\":10,\"problem\":\"lost\"");
}

TEST(RegistryLinesTest, TextAndNumbersAreForTheAgentToo) {
  EXPECT_EQ(RegistryText(Value(2, Utf16({u"C:\\x\0junk", 9}))), "C:\\x");
  EXPECT_EQ(RegistryText(Value(3, "ab")), std::nullopt);
  EXPECT_EQ(RegistryNumber(Value(4, std::string("\3\0\0\0", 4))), 3u);
  EXPECT_EQ(RegistryNumber(Value(4, "\3")), std::nullopt);
  v1::RegistryValue cut = Value(1, Utf16(u"ab"));
  cut.set_size_bytes(100);
  EXPECT_EQ(RegistryText(cut), std::nullopt);
}

}  // namespace
}  // namespace hozen
