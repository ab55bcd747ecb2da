#include "agent/acquire/windows_registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "core/base/concat.h"
#include "core/base/testing_utf16.h"

namespace hozen {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Keys by FILE|KEY as they are asked for.
class FakeRegistry {
 public:
  v1::RegistryKey& Add(const std::string& asked, const std::string& path) {
    v1::RegistryKey& key = keys_[asked].emplace_back();
    key.set_path(path);
    return key;
  }
  void AddText(const std::string& asked, const std::string& name, std::u16string_view text) {
    Put(Add(asked, ""), name, 2, Utf16(text));
  }
  static void Put(v1::RegistryKey& key, const std::string& name, uint32_t type, const std::string& data) {
    v1::RegistryValue& value = *key.add_values();
    value.set_name(name);
    value.set_type(type);
    value.set_data(data);
    value.set_size_bytes(data.size());
  }
  absl::StatusOr<std::vector<v1::RegistryKey>> Look(std::string_view file, std::string_view key) {
    if (file == broken) return absl::DataLossError("it is no hive");
    return keys_[Concat(file, "|", key)];
  }

  std::string broken;

 private:
  std::map<std::string, std::vector<v1::RegistryKey>> keys_;
};

WindowsFacts Read(FakeRegistry& registry) {
  return ReadWindowsFacts("C:\\Windows", [&](const HivePlace& place) { return registry.Look(place.file, place.key); });
}

constexpr char kSoftware[] = "C:\\Windows\\System32\\config\\SOFTWARE|";
constexpr char kSystem[] = "C:\\Windows\\System32\\config\\SYSTEM|";
constexpr char kNt[] = "\\Microsoft\\Windows NT\\CurrentVersion";

TEST(WindowsRegistryTest, SaysWhatTheRegistrySays) {
  FakeRegistry registry;
  // Its drive was D: when it ran.
  v1::RegistryKey& version = registry.Add(Concat(kSoftware, kNt), kNt);
  FakeRegistry::Put(version, "SystemRoot", 1, Utf16(u"D:\\Windows"));
  FakeRegistry::Put(version, "ProductName", 1, Utf16(u"Windows 10 Pro"));
  FakeRegistry::Put(version, "CurrentBuildNumber", 1, Utf16(u"19045"));
  registry.AddText(Concat(kSoftware, "\\Microsoft\\Windows\\CurrentVersion"), "ProgramFilesDir", u"D:\\Programs");
  registry.AddText(Concat(kSoftware, kNt, "\\ProfileList"), "ProgramData", u"%SystemDrive%\\PD");
  const std::string list = Concat(kSoftware, kNt, "\\ProfileList\\*");
  FakeRegistry::Put(registry.Add(list, "\\x\\ProfileList\\S-1-5-21-7"), "ProfileImagePath", 2,
                    Utf16(u"d:\\Users\\alice"));
  FakeRegistry::Put(registry.Add(list, "\\x\\ProfileList\\S-1-5-19"), "ProfileImagePath", 2,
                    Utf16(u"%systemroot%\\ServiceProfiles\\LocalService"));
  registry.Add(list, "\\x\\ProfileList\\S-9");  // without a path
  registry.AddText("C:\\Users\\alice\\NTUSER.DAT|\\Environment", "TEMP", u"E:\\t");
  registry.AddText(
      "C:\\Users\\alice\\NTUSER.DAT|\\Software\\Microsoft\\Windows\\CurrentVersion\\Explorer\\User Shell Folders",
      "Local AppData", u"%USERPROFILE%\\Local");
  FakeRegistry::Put(registry.Add(Concat(kSystem, "\\Select"), "\\Select"), "Current", 4, std::string("\2\0\0\0", 4));
  registry.AddText(Concat(kSystem, "\\ControlSet002\\Control\\ComputerName\\ComputerName"), "ComputerName", u"PC-7");

  const WindowsFacts facts = Read(registry);
  EXPECT_THAT(facts.problems, IsEmpty());
  EXPECT_EQ(facts.hostname, "PC-7");
  EXPECT_EQ(facts.version, "Windows 10 Pro (19045)");
  EXPECT_EQ(facts.values.control_set, "ControlSet002");
  EXPECT_EQ(facts.values.system_drive, "C:");
  EXPECT_EQ(facts.values.program_files, "C:\\Programs");
  EXPECT_EQ(facts.values.program_data, "%SystemDrive%\\PD");
  ASSERT_EQ(facts.values.profiles.size(), 2u);
  EXPECT_EQ(facts.values.profiles[0].sid, "S-1-5-21-7");
  EXPECT_EQ(facts.values.profiles[0].temp, "E:\\t");
  const auto expanded = ExpandWindowsVariables("%%users.localappdata%%\\*", facts.values);
  ASSERT_TRUE(expanded.ok());
  EXPECT_THAT(*expanded, ElementsAre("C:\\Users\\alice\\AppData\\Local\\*", "C:\\Users\\alice\\Local\\*",
                                     "C:\\Windows\\ServiceProfiles\\LocalService\\AppData\\Local\\*"));
}

TEST(WindowsRegistryTest, FoldersOnAnotherMachineAreSaid) {
  FakeRegistry registry;
  FakeRegistry::Put(registry.Add(Concat(kSoftware, kNt, "\\ProfileList\\*"), "\\x\\ProfileList\\S-1-5-21-7"),
                    "ProfileImagePath", 2, Utf16(u"C:\\Users\\alice"));
  registry.AddText(
      "C:\\Users\\alice\\NTUSER.DAT|\\Software\\Microsoft\\Windows\\CurrentVersion\\Explorer\\User Shell Folders",
      "AppData", u"\\\\server\\homes\\alice");
  const WindowsFacts facts = Read(registry);
  ASSERT_EQ(facts.problems.size(), 1u);
  EXPECT_THAT(facts.problems[0], HasSubstr("S-1-5-21-7 has the folder appdata on another machine"));
}

TEST(WindowsRegistryTest, AnEmptyRegistryLeavesWhatWindowsHasByDefault) {
  FakeRegistry registry;
  const WindowsFacts facts = Read(registry);
  EXPECT_EQ(facts.values.system_root, "C:\\Windows");
  EXPECT_THAT(facts.values.profiles, IsEmpty());
  EXPECT_EQ(facts.version, "");
  EXPECT_THAT(facts.problems, IsEmpty());
}

TEST(WindowsRegistryTest, AHiveThatCannotBeReadIsSaidOnce) {
  FakeRegistry registry;
  registry.broken = "C:\\Windows\\System32\\config\\SYSTEM";
  const WindowsFacts facts = Read(registry);
  ASSERT_EQ(facts.problems.size(), 1u);
  EXPECT_THAT(facts.problems[0], HasSubstr("SYSTEM"));
  EXPECT_THAT(facts.problems[0], HasSubstr("it is no hive"));
  EXPECT_EQ(facts.hostname, "");
}

}  // namespace
}  // namespace hozen
