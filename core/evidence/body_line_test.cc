#include "core/evidence/body_line.h"

#include <gtest/gtest.h>

#include "core/evidence/file_mode.h"

namespace hozen {
namespace {

std::string LineOf(std::string_view name, const v1::FileMetadata& file) {
  std::string text;
  AppendBodyLine(name, file, text);
  return text;
}

v1::FileMetadata WithMode(uint32_t mode) {
  v1::FileMetadata file;
  file.set_mode(mode);
  return file;
}

TEST(BodyLineTest, HasTheFieldsInTheirOrder) {
  v1::FileMetadata file = WithMode(kModeRegular | 0640);
  file.set_inode(67);
  file.set_uid(1000);
  file.set_gid(50);
  file.set_size_bytes(12345678901);
  file.set_accessed_unix_ns(1'700'000'001'999'999'999);
  file.set_modified_unix_ns(1'700'000'002'000'000'000);
  file.set_changed_unix_ns(-1);  // a moment before 1970
  EXPECT_EQ(LineOf("/a b", file), "0|/a b|67|r/rrw-r-----|1000|50|12345678901|1700000001|1700000002|-1|0\n");
}

TEST(BodyLineTest, ModesAreThoseOfFls) {
  for (const auto& [mode, text] : std::initializer_list<std::pair<uint32_t, const char*>>{
           {kModeFolder | kModeSticky | 0777, "d/drwxrwxrwt"},
           {kModeRegular | kModeSetUser | 0755, "r/rrwsr-xr-x"},
           {kModeRegular | kModeSetUser | kModeSetGroup | 0644, "r/rrwSr-Sr--"},
           {kModeFolder | kModeSticky | 0700, "d/drwx-----T"},
           {kModeSymbolicLink | 0777, "l/lrwxrwxrwx"},
           {kModeFifo, "p/p---------"},
           {kModeCharacterDevice, "c/c---------"},
           {kModeBlockDevice, "b/b---------"},
           {kModeSocket, "h/h---------"},
           {0, "-/----------"}}) {
    EXPECT_NE(LineOf("/x", WithMode(mode)).find(std::string("|") + text + "|"), std::string::npos) << text;
  }
}

TEST(BodyLineTest, ANameNeverBreaksALine) {
  std::string line;
  AppendListedName("a\nb\x01|c%\xff", line);
  EXPECT_EQ(line, "a^b^|c%\xff");
  EXPECT_EQ(EscapedBodyName("a\nb\x7f|c%\xff"), "a^b^%7Cc%25\xff");
}

TEST(BodyLineTest, WhatHasOnlyANameSaysSo) {
  std::string text;
  AppendBodyLineOfName("/proc", 'd', text);
  EXPECT_EQ(text, "0|/proc|0|d/----------|0|0|0|0|0|0|0\n");
}

}  // namespace
}  // namespace hozen
