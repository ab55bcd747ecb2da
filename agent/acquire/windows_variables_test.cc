#include "agent/acquire/windows_variables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "core/base/concat.h"
#include "core/plan/variable_names.h"

namespace hozen {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

WindowsValues Values() {
  WindowsValues values;
  values.system_drive = "D:";
  values.system_root = "D:\\WINNT";
  values.control_set = "ControlSet002";
  values.profiles = {
      {.sid = "S-1-5-18", .path = "%systemroot%\\system32\\config\\systemprofile"},
      {.sid = "S-1-5-21-1-2-3-1001", .path = "%SystemDrive%\\Users\\alice"},
      {.sid = "S-1-5-21-1-2-3-1002",
       .path = "E:\\people\\bob\\",
       .user_name = "bob.corp",
       .appdata = "%USERPROFILE%\\Roam",
       .temp = "X:\\tmp"},
  };
  return values;
}

std::vector<std::string> Expand(const std::string& pattern, const WindowsValues& values = Values()) {
  absl::StatusOr<std::vector<std::string>> expanded = ExpandWindowsVariables(pattern, values);
  EXPECT_TRUE(expanded.ok()) << expanded.status();
  return expanded.ok() ? *expanded : std::vector<std::string>();
}

TEST(WindowsVariablesTest, TheSystemsOwnAreOneEach) {
  EXPECT_THAT(Expand("%%environ_systemroot%%\\System32\\*"), ElementsAre("D:\\WINNT\\System32\\*"));
  EXPECT_THAT(Expand("%%ENVIRON_WinDir%%\\x"), ElementsAre("D:\\WINNT\\x"));
  EXPECT_THAT(Expand("%%environ_systemdrive%%\\$MFT"), ElementsAre("D:\\$MFT"));
  EXPECT_THAT(Expand("%%environ_programfilesx86%%"), ElementsAre("D:\\Program Files (x86)"));
  EXPECT_THAT(Expand("%%environ_allusersappdata%%"), ElementsAre("D:\\ProgramData"));
  EXPECT_THAT(Expand("HKEY_LOCAL_MACHINE\\System\\%%current_control_set%%"),
              ElementsAre("HKEY_LOCAL_MACHINE\\System\\ControlSet002"));
  EXPECT_THAT(Expand("C:\\no\\*"), ElementsAre("C:\\no\\*"));
}

TEST(WindowsVariablesTest, PeoplesAreOneForEachProfile) {
  EXPECT_THAT(
      Expand("%%users.homedir%%\\x"),
      ElementsAre("D:\\Users\\alice\\x", "D:\\WINNT\\system32\\config\\systemprofile\\x", "E:\\people\\bob\\x"));
  EXPECT_THAT(Expand("%%users.appdata%%"), ElementsAre("D:\\Users\\alice\\AppData\\Roaming",
                                                       "D:\\WINNT\\system32\\config\\systemprofile\\AppData\\Roaming",
                                                       "E:\\people\\bob\\AppData\\Roaming", "E:\\people\\bob\\Roam"));
  EXPECT_THAT(Expand("%%users.temp%%"), ElementsAre("D:\\Users\\alice\\AppData\\Local\\Temp",
                                                    "D:\\WINNT\\system32\\config\\systemprofile\\AppData\\Local\\Temp",
                                                    "E:\\people\\bob\\AppData\\Local\\Temp", "X:\\tmp"));
  EXPECT_THAT(Expand("%%users.username%%"), ElementsAre("alice", "bob.corp", "systemprofile"));
}

TEST(WindowsVariablesTest, AFolderThatWasMovedIsLookedForInBothPlaces) {
  WindowsValues values;
  values.profiles = {{.sid = "S-1", .path = "C:\\Users\\mika", .appdata = "\\\\server\\homes\\mika\\AppData"}};
  EXPECT_THAT(Expand("%%users.appdata%%\\x", values),
              ElementsAre("C:\\Users\\mika\\AppData\\Roaming\\x", "\\\\server\\homes\\mika\\AppData\\x"));
  EXPECT_THAT(Expand("%%users.recent%%", values),
              ElementsAre("C:\\Users\\mika\\AppData\\Roaming\\Microsoft\\Windows\\Recent",
                          "\\\\server\\homes\\mika\\AppData\\Microsoft\\Windows\\Recent"));
  EXPECT_TRUE(IsOnAnotherMachine("\\\\server\\homes"));
  EXPECT_FALSE(IsOnAnotherMachine("\\\\?\\GLOBALROOT\\Device\\HarddiskVolumeShadowCopy1"));
  EXPECT_FALSE(IsOnAnotherMachine("C:\\x"));
}

TEST(WindowsVariablesTest, WhatAPersonSaysOfAFolderHidesNothing) {
  for (const char* said :
       {"nonsense", "\\x", "C:", "C:\\a\\..\\b", "%USERPROFILE%\\APPDATA\\roaming", "%NOWHERE%", "1:\\x"}) {
    WindowsValues values;
    values.profiles = {{.sid = "S-1", .path = "C:\\Users\\mika", .appdata = said}};
    EXPECT_THAT(Expand("%%users.appdata%%", values), ElementsAre("C:\\Users\\mika\\AppData\\Roaming")) << said;
  }
}

TEST(WindowsVariablesTest, SeveralInOnePatternAreOfTheSamePerson) {
  EXPECT_THAT(Expand("%%environ_systemdrive%%\\%%users.sid%%\\%%users.username%%"),
              ElementsAre("D:\\S-1-5-18\\systemprofile", "D:\\S-1-5-21-1-2-3-1001\\alice",
                          "D:\\S-1-5-21-1-2-3-1002\\bob.corp"));
}

TEST(WindowsVariablesTest, EveryNameOfAPlanHasAValue) {
  for (const std::string_view name : kWindowsVariableNames) {
    for (const std::string& pattern : Expand(Concat("%%", name, "%%"))) {
      EXPECT_FALSE(pattern.empty()) << name;
      EXPECT_EQ(pattern.find('%'), std::string::npos) << name << " " << pattern;
    }
    EXPECT_FALSE(Expand(Concat("%%", name, "%%")).empty()) << name;
  }
  EXPECT_TRUE(absl::IsUnimplemented(ExpandWindowsVariables("%%users.shoe_size%%", Values()).status()));
}

TEST(WindowsVariablesTest, ValuesAreEscaped) {
  WindowsValues values;
  values.profiles = {{.sid = "S-1", .path = "C:\\Users\\[a]*?"}};
  EXPECT_THAT(Expand("%%users.userprofile%%\\*", values), ElementsAre("C:\\Users\\[[]a][*][?]\\*"));
}

TEST(WindowsVariablesTest, WithoutProfilesNobodyHasAnything) {
  EXPECT_THAT(Expand("%%users.homedir%%\\x", WindowsValues()), IsEmpty());
  EXPECT_THAT(Expand("%%environ_systemroot%%", WindowsValues()), ElementsAre("C:\\Windows"));
}

TEST(WindowsVariablesTest, ValuesThatCannotBePathsAreNoValues) {
  WindowsValues values;
  values.system_drive = std::string("C:\0x", 4);
  values.system_root = "%SystemRoot%\\x";  // of itself
  values.profiles = {
      {.sid = "S-1", .path = ""},
      {.sid = "S-2", .path = "%NOWHERE%\\x"},
      {.sid = "S-3", .path = std::string(5'000, 'x')},
      {.sid = "S-4", .path = "%USERPROFILE%"},
      {.sid = "", .path = "C:\\Users\\nosid", .appdata = "%localappdata%%appdata%"},
  };
  EXPECT_THAT(Expand("%%environ_systemroot%%", values), ElementsAre("C:\\Windows"));
  EXPECT_THAT(Expand("%%users.userprofile%%", values), ElementsAre("C:\\Users\\nosid"));
  EXPECT_THAT(Expand("%%users.sid%%\\%%users.username%%", values), IsEmpty());
  EXPECT_THAT(Expand("%%users.appdata%%", values), ElementsAre("C:\\Users\\nosid\\AppData\\Roaming"));
}

TEST(WindowsVariablesTest, InAQueryAValueEndsNoText) {
  WindowsValues values = Values();
  values.profiles = {{.sid = "S-1-5-21-1", .path = "C:\\x", .user_name = "o'neil \\ \"[a]\""}};
  const absl::StatusOr<std::vector<std::string>> expanded = ExpandWindowsVariables(
      "SELECT * FROM A WHERE N='%%users.username%%' AND S=\"%%users.sid%%\"", values, &EscapedForWql);
  ASSERT_TRUE(expanded.ok()) << expanded.status();
  EXPECT_THAT(*expanded, ElementsAre(R"(SELECT * FROM A WHERE N='o\'neil \\ \"[a]\"' AND S="S-1-5-21-1")"));
}

}  // namespace
}  // namespace hozen
