#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <windows.h>
// After windows.h.
#include <winternl.h>

#include <optional>
#include <string>
#include <vector>

#include "agent/acquire/live_registry_walk.h"
#include "core/base/windows_handle.h"

extern "C" NTSTATUS NTAPI NtCreateKey(PHANDLE key, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes, ULONG title_index,
                                      PUNICODE_STRING class_name, ULONG options, PULONG disposition);
extern "C" NTSTATUS NTAPI NtDeleteKey(HANDLE key);

namespace hozen {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr wchar_t kTestKey[] = L"Software\\HozenLiveRegistryWalkTest";

// Its keys are volatile: what a run that was killed leaves is gone with the next boot.
class LiveRegistryWalkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ::RegDeleteTreeW(HKEY_LOCAL_MACHINE, kTestKey);
    DWORD disposition = 0;
    ASSERT_EQ(::RegCreateKeyExW(HKEY_LOCAL_MACHINE, kTestKey, 0, nullptr, REG_OPTION_VOLATILE, KEY_ALL_ACCESS, nullptr,
                                &key_, &disposition),
              ERROR_SUCCESS);
    ASSERT_EQ(disposition, DWORD{REG_CREATED_NEW_KEY}) << "a test before this one has left keys";
  }

  void TearDown() override {
    // RegDeleteTree does not see it.
    if (key_with_nul_.valid()) {
      EXPECT_EQ(::NtDeleteKey(key_with_nul_.get()), 0);
    }
    key_with_nul_ = {};
    ::RegCloseKey(key_);
    EXPECT_EQ(::RegDeleteTreeW(HKEY_LOCAL_MACHINE, kTestKey), ERROR_SUCCESS);
  }

  void Set(const wchar_t* subkey, const wchar_t* name, DWORD type, const std::string& data) {
    HKEY made = nullptr;
    ASSERT_EQ(::RegCreateKeyExW(key_, subkey, 0, nullptr, REG_OPTION_VOLATILE, KEY_ALL_ACCESS, nullptr, &made, nullptr),
              ERROR_SUCCESS);
    ASSERT_EQ(::RegSetValueExW(made, name, 0, type, reinterpret_cast<const BYTE*>(data.data()),
                               static_cast<DWORD>(data.size())),
              ERROR_SUCCESS);
    ::RegCloseKey(made);
  }

  // A key whose name holds a NUL, which no program that asks for keys by zero-ended names can open.
  void MakeKeyWithNul() {
    std::wstring name(L"hidden\0key", 10);
    UNICODE_STRING text;
    text.Buffer = name.data();
    text.Length = text.MaximumLength = static_cast<USHORT>(name.size() * sizeof(wchar_t));
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, &text, OBJ_CASE_INSENSITIVE, key_, nullptr);
    HANDLE made = nullptr;
    ASSERT_EQ(::NtCreateKey(&made, KEY_ALL_ACCESS, &attributes, 0, nullptr, REG_OPTION_VOLATILE, nullptr), 0);
    key_with_nul_ = WindowsHandle(made);
    const DWORD number = 7;
    ASSERT_EQ(::RegSetValueExW(static_cast<HKEY>(made), L"seven", 0, REG_DWORD, reinterpret_cast<const BYTE*>(&number),
                               sizeof(number)),
              ERROR_SUCCESS);
  }

  // Each key as PATH [NAME...].
  std::vector<std::string> Walk(const std::string& pattern, const std::optional<std::string>& value = std::nullopt) {
    const absl::StatusOr<RegistryKey> hive = OpenLiveHive("hkey_local_machine\\Software");
    EXPECT_TRUE(hive.ok()) << hive.status();
    std::vector<std::string> lines;
    if (!hive.ok()) return lines;
    const absl::StatusOr<RegistryEnd> end = WalkLiveRegistry(*hive, pattern, value, [&](const v1::RegistryKey& key) {
      records_.push_back(key);
      std::string line = key.path();
      for (const v1::RegistryValue& one : key.values()) line += " " + one.name();
      lines.push_back(line);
      return absl::OkStatus();
    });
    EXPECT_TRUE(end.ok()) << end.status();
    if (end.ok()) errors_ = end->errors;
    return lines;
  }

  HKEY key_ = nullptr;
  WindowsHandle key_with_nul_;
  std::vector<v1::RegistryKey> records_;
  uint64_t errors_ = 0;
};

TEST_F(LiveRegistryWalkTest, KeysAndValuesComeAsOfAHive) {
  Set(L"a\\b", L"one", REG_SZ, std::string("x\0\0\0", 4));
  Set(L"a\\c", L"two", 0xabcd, "bytes");
  Set(L"a", L"", REG_DWORD, "1234");
  EXPECT_THAT(Walk("\\HozenLiveRegistryWalkTest\\a"), ElementsAre("\\HozenLiveRegistryWalkTest\\a "));
  EXPECT_THAT(Walk("\\hozenliveregistrywalktest\\**"),
              ElementsAre("\\hozenliveregistrywalktest\\a ", "\\hozenliveregistrywalktest\\a\\b one",
                          "\\hozenliveregistrywalktest\\a\\c two"));
  EXPECT_THAT(Walk("\\HozenLiveRegistryWalkTest\\a\\*", "T*"), ElementsAre("\\HozenLiveRegistryWalkTest\\a\\c two"));
  const v1::RegistryValue& odd = records_.back().values(0);
  EXPECT_EQ(odd.type(), 0xabcdu);
  EXPECT_EQ(odd.data(), "bytes");
  EXPECT_EQ(odd.size_bytes(), 5u);
  EXPECT_GT(records_.back().last_written_unix_ns(), 1'500'000'000'000'000'000);
  EXPECT_EQ(errors_, 0u);
}

TEST_F(LiveRegistryWalkTest, AKeyThatIsNotThereIsNoError) {
  EXPECT_THAT(Walk("\\HozenLiveRegistryWalkTest\\nothing\\here"), IsEmpty());
  EXPECT_THAT(Walk("\\HozenLiveRegistryWalkTest", "no such value"), IsEmpty());
  EXPECT_EQ(errors_, 0u);
  EXPECT_EQ(OpenLiveHive("HKEY_USERS\\S-1-5-21-0-0-0-0").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(OpenLiveHive("HKEY_NOWHERE\\x").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(LiveRegistryWalkTest, ANameWithANulIsReadLikeAnyOther) {
  MakeKeyWithNul();
  const std::string path("\\HozenLiveRegistryWalkTest\\hidden\0key", 37);
  EXPECT_THAT(Walk("\\HozenLiveRegistryWalkTest\\*"), ElementsAre(path + " seven"));
  EXPECT_EQ(errors_, 0u);
}

TEST_F(LiveRegistryWalkTest, ALongValueIsCutAndManyComeInParts) {
  Set(L"long", L"value", REG_BINARY, std::string(kMaxRegistryValueBytes + 10, 'x'));
  for (int i = 0; i < 3; ++i) {
    Set(L"many", std::wstring(1, static_cast<wchar_t>(L'a' + i)).c_str(), REG_BINARY, std::string(200 << 10, 'y'));
  }
  Walk("\\HozenLiveRegistryWalkTest\\long");
  ASSERT_EQ(records_.size(), 1u);
  EXPECT_EQ(records_[0].values(0).size_bytes(), kMaxRegistryValueBytes + 10);
  EXPECT_EQ(records_[0].values(0).data().size(), kMaxRegistryValueBytes);
  records_.clear();
  Walk("\\HozenLiveRegistryWalkTest\\many");
  ASSERT_EQ(records_.size(), 2u);
  EXPECT_TRUE(records_[0].continued());
  EXPECT_FALSE(records_[1].continued());
  EXPECT_EQ(records_[0].values_size() + records_[1].values_size(), 3);
}

}  // namespace
}  // namespace hozen
