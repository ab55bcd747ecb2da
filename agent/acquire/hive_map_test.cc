#include "agent/acquire/hive_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "core/base/concat.h"

namespace hozen {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr char kConfig[] = "C:\\Windows\\System32\\config\\";

WindowsValues Values() {
  WindowsValues values;
  values.control_set = "ControlSet003";
  values.profiles = {{.sid = "S-1-5-18", .path = "%systemroot%\\system32\\config\\systemprofile"},
                     {.sid = "S-1-5-21-1", .path = "C:\\Users\\alice"},
                     {.sid = "S-1-5-21-2", .path = "C:\\Users\\bob", .localappdata = "D:\\bob"}};
  return values;
}

// Each place as FILE ROOT KEY.
std::vector<std::string> Places(const std::string& key) {
  absl::StatusOr<std::vector<HivePlace>> places = HivesOf(key, Values());
  EXPECT_TRUE(places.ok()) << places.status();
  std::vector<std::string> lines;
  if (!places.ok()) return lines;
  for (const HivePlace& place : *places) lines.push_back(Concat(place.file, " ", place.root, " ", place.key));
  return lines;
}

TEST(HiveMapTest, TheMachinesKeysAreInTheHiveOfTheirName) {
  EXPECT_THAT(Places("HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\*\\Run"),
              ElementsAre(Concat(kConfig, "Software HKEY_LOCAL_MACHINE\\Software \\Microsoft\\*\\Run")));
  EXPECT_THAT(Places("hkey_local_machine\\sam"), ElementsAre(Concat(kConfig, "SAM HKEY_LOCAL_MACHINE\\SAM \\")));
  EXPECT_THAT(Places("HKEY_LOCAL_MACHINE\\Hardware\\x"), ElementsAre(" HKEY_LOCAL_MACHINE\\HARDWARE \\x"))
      << "in no file";
  EXPECT_THAT(Places("HKEY_LOCAL_MACHINE\\Nowhere\\x"), IsEmpty());
  EXPECT_THAT(Places("HKEY_LOCAL_MACHINE\\S*\\Policy"),
              UnorderedElementsAre(Concat(kConfig, "SAM HKEY_LOCAL_MACHINE\\SAM \\Policy"),
                                   Concat(kConfig, "Security HKEY_LOCAL_MACHINE\\Security \\Policy"),
                                   Concat(kConfig, "Software HKEY_LOCAL_MACHINE\\Software \\Policy"),
                                   Concat(kConfig, "System HKEY_LOCAL_MACHINE\\System \\Policy")));
}

TEST(HiveMapTest, TheCurrentControlSetIsTheOneThatWasCurrent) {
  EXPECT_THAT(Places("HKEY_LOCAL_MACHINE\\System\\currentcontrolset\\Services\\*"),
              ElementsAre(Concat(kConfig, "System HKEY_LOCAL_MACHINE\\System \\ControlSet003\\Services\\*")));
  EXPECT_THAT(Places("HKEY_LOCAL_MACHINE\\System\\ControlSet*\\Services"),
              ElementsAre(Concat(kConfig, "System HKEY_LOCAL_MACHINE\\System \\ControlSet*\\Services")));
  EXPECT_THAT(Places("HKEY_LOCAL_MACHINE\\Software\\CurrentControlSet"),
              ElementsAre(Concat(kConfig, "Software HKEY_LOCAL_MACHINE\\Software \\CurrentControlSet")));
}

TEST(HiveMapTest, PeoplesKeysAreInTheirProfiles) {
  EXPECT_THAT(Places("HKEY_USERS\\S-1-5-21-1\\Environment"),
              ElementsAre("C:\\Users\\alice\\NTUSER.DAT HKEY_USERS\\S-1-5-21-1 \\Environment"));
  EXPECT_THAT(Places("HKEY_USERS\\S-1-5-21-[12]"),
              UnorderedElementsAre("C:\\Users\\alice\\NTUSER.DAT HKEY_USERS\\S-1-5-21-1 \\",
                                   "C:\\Users\\bob\\NTUSER.DAT HKEY_USERS\\S-1-5-21-2 \\"));
  EXPECT_THAT(Places("HKEY_USERS\\.default\\Software"),
              ElementsAre(Concat(kConfig, "DEFAULT HKEY_USERS\\.DEFAULT \\Software")));
  EXPECT_THAT(Places("HKEY_USERS\\S-1-5-18\\Software"),
              ElementsAre(Concat(kConfig, "DEFAULT HKEY_USERS\\S-1-5-18 \\Software")));
  EXPECT_THAT(Places("HKEY_USERS\\S-9\\Software"), IsEmpty());
  // S-1-5-21-1_Classes is a name that a star matches.
  EXPECT_THAT(Places("HKEY_USERS\\S-1-5-21-*"), SizeIs(5));
}

TEST(HiveMapTest, PeoplesClassesAreInAHiveOfTheirOwnToo) {
  EXPECT_THAT(Places("HKEY_USERS\\S-1-5-21-2\\Software\\Classes\\CLSID\\*"),
              ElementsAre("C:\\Users\\bob\\NTUSER.DAT HKEY_USERS\\S-1-5-21-2 \\Software\\Classes\\CLSID\\*",
                          "C:\\Users\\bob\\AppData\\Local\\Microsoft\\Windows\\UsrClass.dat "
                          "HKEY_USERS\\S-1-5-21-2\\Software\\Classes \\CLSID\\*",
                          "D:\\bob\\Microsoft\\Windows\\UsrClass.dat HKEY_USERS\\S-1-5-21-2\\Software\\Classes "
                          "\\CLSID\\*"));
  EXPECT_THAT(Places("HKEY_USERS\\S-1-5-21-1_classes\\.exe"),
              ElementsAre("C:\\Users\\alice\\AppData\\Local\\Microsoft\\Windows\\UsrClass.dat "
                          "HKEY_USERS\\S-1-5-21-1_Classes \\.exe"));
  EXPECT_THAT(Places("HKEY_USERS\\S-1-5-21-1\\Software\\*"), SizeIs(2));
  EXPECT_THAT(Places("HKEY_USERS\\S-1-5-21-1\\Software\\**\\x"),
              ElementsAre("C:\\Users\\alice\\NTUSER.DAT HKEY_USERS\\S-1-5-21-1 \\Software\\**\\x",
                          "C:\\Users\\alice\\AppData\\Local\\Microsoft\\Windows\\UsrClass.dat "
                          "HKEY_USERS\\S-1-5-21-1\\Software\\Classes \\**\\x"));
}

TEST(HiveMapTest, RecursionGoesIntoEveryHive) {
  EXPECT_THAT(Places("HKEY_LOCAL_MACHINE\\**\\Run"), SizeIs(8));
  // Counted down by the hive's own name; where it ends before it, SAM is the hive.
  EXPECT_THAT(Places("HKEY_LOCAL_MACHINE\\**1\\SAM"),
              UnorderedElementsAre(" HKEY_LOCAL_MACHINE\\BCD00000000 \\SAM", " HKEY_LOCAL_MACHINE\\HARDWARE \\SAM",
                                   Concat(kConfig, "COMPONENTS HKEY_LOCAL_MACHINE\\COMPONENTS \\SAM"),
                                   Concat(kConfig, "DRIVERS HKEY_LOCAL_MACHINE\\DRIVERS \\SAM"),
                                   Concat(kConfig, "SAM HKEY_LOCAL_MACHINE\\SAM \\SAM"),
                                   Concat(kConfig, "SAM HKEY_LOCAL_MACHINE\\SAM \\"),
                                   Concat(kConfig, "Security HKEY_LOCAL_MACHINE\\Security \\SAM"),
                                   Concat(kConfig, "Software HKEY_LOCAL_MACHINE\\Software \\SAM"),
                                   Concat(kConfig, "System HKEY_LOCAL_MACHINE\\System \\SAM")));
  EXPECT_THAT(Places("HKEY_USERS\\**"), SizeIs(::testing::Ge(4)));
}

TEST(HiveMapTest, OtherRootsAndMalformedPatternsAreRefused) {
  for (const std::string key : {"HKEY_CURRENT_USER\\x", "", "*\\Software", "HKEY_USERS\\[", "HKEY_USERS\\..\\x"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(HivesOf(key, Values()).status())) << key;
  }
}

}  // namespace
}  // namespace hozen
