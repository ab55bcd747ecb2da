#include "agent/volatile/windows/startup/autorun_state.h"

#include <windows.h>
// After windows.h.
#include <winternl.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "agent/platform/registry_key.h"
#include "agent/volatile/windows/startup/autorun_locations.h"
#include "core/base/testing_folder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

extern "C" {
NTSTATUS NTAPI NtCreateKey(PHANDLE key, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes, ULONG title,
                           PUNICODE_STRING type, ULONG options, PULONG disposition);
NTSTATUS NTAPI NtSetValueKey(HANDLE key, PUNICODE_STRING name, ULONG title, ULONG type, PVOID data, ULONG size);
NTSTATUS NTAPI NtDeleteKey(HANDLE key);
NTSTATUS NTAPI NtDeleteValueKey(HANDLE key, PUNICODE_STRING name);
}

namespace hozen {
namespace {

using namespace std::string_view_literals;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Property;
using ::testing::StartsWith;

struct Found {
  std::vector<v1::Autorun> autoruns;
  std::vector<v1::Missing> missing;
};

Found All(const StateContext& context = StateContext()) {
  const NextRecord next = AutorunRecords(context);
  Found found;
  for (std::optional<v1::VolatileRecord> record = next(); record.has_value(); record = next()) {
    if (record->has_autorun()) found.autoruns.push_back(record->autorun());
    if (record->has_missing()) found.missing.push_back(record->missing());
  }
  return found;
}

// A key that is gone with the test, with values that Win32 alone could not make.
class TestingKey {
 public:
  explicit TestingKey(std::wstring_view path) {
    std::wstring copy(path);
    UNICODE_STRING name = Name(copy);
    OBJECT_ATTRIBUTES attributes = {};
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, nullptr, nullptr);
    EXPECT_EQ(::NtCreateKey(&key_, KEY_ALL_ACCESS, &attributes, 0, nullptr, 0, &disposition_), 0);
  }
  ~TestingKey() {
    for (std::wstring& value : values_) {
      UNICODE_STRING name = Name(value);
      ::NtDeleteValueKey(key_, &name);
    }
    if (disposition_ == REG_CREATED_NEW_KEY) ::NtDeleteKey(key_);
    ::CloseHandle(key_);
  }

  void Set(std::wstring_view value, ULONG type, std::wstring_view data) {
    std::wstring bytes(data);
    values_.emplace_back(value);
    UNICODE_STRING name = Name(values_.back());
    EXPECT_EQ(::NtSetValueKey(key_, &name, 0, type, bytes.data(), static_cast<ULONG>(bytes.size() * sizeof(wchar_t))),
              0);
  }

 private:
  static UNICODE_STRING Name(std::wstring& text) {
    UNICODE_STRING name = {};
    name.Buffer = text.data();
    name.Length = name.MaximumLength = static_cast<USHORT>(text.size() * sizeof(wchar_t));
    return name;
  }

  HANDLE key_ = nullptr;
  ULONG disposition_ = 0;
  std::vector<std::wstring> values_;
};

auto Is(const std::string& location, const std::string& name, const std::string& command) {
  return AllOf(Property(&v1::Autorun::location, EndsWith(location)), Property(&v1::Autorun::name, name),
               Property(&v1::Autorun::command, command));
}

constexpr wchar_t kRun[] = LR"(\Registry\Machine\SOFTWARE\Microsoft\Windows\CurrentVersion\Run)";

TEST(AutorunStateTest, ValuesOfRunAreThereWhateverTheyHold) {
  TestingKey key(kRun);
  key.Set(L"HozenTest", REG_EXPAND_SZ, L"%x% \x1b\0"sv);
  key.Set(L"Hozen\0Hidden"sv, REG_SZ, L"a\0b\0"sv);
  key.Set(L"HozenOpen", REG_SZ, L"not ended");
  key.Set(L"HozenBytes", REG_BINARY, L"xx");
  const Found found = All();
  const std::string run = "HKEY_LOCAL_MACHINE\\\\SOFTWARE\\\\Microsoft\\\\Windows\\\\CurrentVersion\\\\Run";
  EXPECT_THAT(found.autoruns, Contains(Is(run, "HozenTest", "%x% \\x1b")));
  EXPECT_THAT(found.autoruns, Contains(Is(run, "Hozen\\x00Hidden", "a\\x00b")));
  EXPECT_THAT(found.autoruns, Contains(Is(run, "HozenOpen", "not ended")));
  EXPECT_THAT(found.missing, Contains(Property(&v1::Missing::what, EndsWith("\\\\HozenBytes"))));
  for (const v1::Autorun& one : found.autoruns) {
    if (one.name() != "HozenTest") continue;
    EXPECT_EQ(one.user_sid(), "");
    EXPECT_GT(one.changed().seconds(), 1'500'000'000);
  }
}

TEST(AutorunStateTest, KeysBelowAStarAreAllLookedAt) {
  TestingKey options(LR"(\Registry\Machine\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Image File Execution Options)");
  TestingKey program(
      LR"(\Registry\Machine\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Image File Execution Options\hozen.exe)");
  program.Set(L"Debugger", REG_SZ, L"C:\\evil.exe\0"sv);
  TestingKey hidden(
      L"\\Registry\\Machine\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Image File Execution Options\\hozen\0z"sv);
  hidden.Set(L"Debugger", REG_SZ, L"C:\\hidden.exe\0"sv);
  TestingKey service(LR"(\Registry\Machine\SYSTEM\CurrentControlSet\Services\HozenNet)");
  TestingKey provider(LR"(\Registry\Machine\SYSTEM\CurrentControlSet\Services\HozenNet\NetworkProvider)");
  provider.Set(L"ProviderPath", REG_SZ, L"C:\\np.dll\0"sv);
  const Found found = All();
  EXPECT_THAT(found.autoruns, Contains(Is("\\\\hozen.exe", "Debugger", "C:\\\\evil.exe")));
  EXPECT_THAT(found.autoruns, Contains(Is("\\\\hozen\\x00z", "Debugger", "C:\\\\hidden.exe")));
  EXPECT_THAT(found.autoruns, Contains(Is("\\\\HozenNet\\\\NetworkProvider", "ProviderPath", "C:\\\\np.dll")));
}

TEST(AutorunStateTest, AListIsARecordForEach) {
  TestingKey key(LR"(\Registry\Machine\SYSTEM\CurrentControlSet\Control\Lsa\OSConfig)");
  key.Set(L"Security Packages", REG_MULTI_SZ, L"one\0\0two"sv);
  const Found found = All();
  EXPECT_THAT(found.autoruns, Contains(Is("\\\\Lsa\\\\OSConfig", "Security Packages", "one")));
  EXPECT_THAT(found.autoruns, Contains(Is("\\\\Lsa\\\\OSConfig", "Security Packages", "two")));
}

TEST(AutorunStateTest, AUsersAreHis) {
  HKEY key = nullptr;
  ASSERT_EQ(::RegCreateKeyExW(HKEY_CURRENT_USER, L"Environment", 0, nullptr, 0, KEY_ALL_ACCESS, nullptr, &key, nullptr),
            ERROR_SUCCESS);
  ::RegSetValueExW(key, L"UserInitMprLogonScript", 0, REG_SZ, reinterpret_cast<const BYTE*>(L"x.cmd"), 12);
  const Found found = All();
  ::RegDeleteValueW(key, L"UserInitMprLogonScript");
  ::RegCloseKey(key);
  EXPECT_THAT(found.autoruns, Contains(AllOf(Is("\\\\Environment", "UserInitMprLogonScript", "x.cmd"),
                                             Property(&v1::Autorun::user_sid, StartsWith("S-1-5-21-")))));
}

TEST(AutorunStateTest, FilesOfStartupFoldersAreThereUnlessTheOwnerRefuses) {
  const std::filesystem::path folder = "C:\\ProgramData\\Microsoft\\Windows\\Start Menu\\Programs\\Startup";
  std::filesystem::create_directories(folder);
  PutFile(folder / "hozen test.lnk", "x");
  const Found found = All();
  StateContext refusing;
  refusing.refused = [](std::string_view) { return v1::Failure(); };
  const Found refused = All(refusing);
  std::filesystem::remove(folder / "hozen test.lnk");
  EXPECT_THAT(found.autoruns, Contains(Is("\\\\Startup", "hozen test.lnk", "")));
  EXPECT_THAT(refused.autoruns, Not(Contains(Property(&v1::Autorun::name, "hozen test.lnk"))));
  EXPECT_THAT(refused.missing, Contains(Property(&v1::Missing::what, HasSubstr("\\\\Start Menu\\\\"))));
}

TEST(AutorunStateTest, ItStopsWhenCollectingEnds) {
  StateContext context;
  context.keep_on = [] { return false; };
  const Found found = All(context);
  EXPECT_THAT(found.autoruns, IsEmpty());
  ASSERT_EQ(found.missing.size(), 1u);
  EXPECT_EQ(found.missing[0].failure().cause(), v1::CAUSE_TIMED_OUT);
}

TEST(AutorunLocationsTest, PathsAreWellFormed) {
  for (const AutorunLocation& location : AutorunLocations()) {
    const std::wstring_view path = location.path;
    EXPECT_NE(path.find_first_not_of(L'\\'), std::wstring_view::npos);
    EXPECT_NE(path.back(), L'\\');
    // A star is a whole part, and never the first.
    for (size_t at = path.find(L'*'); at != std::wstring_view::npos; at = path.find(L'*', at + 1)) {
      ASSERT_GT(at, 0u);
      EXPECT_EQ(path[at - 1], L'\\');
      EXPECT_TRUE(at + 1 == path.size() || path[at + 1] == L'\\');
    }
  }
}

TEST(RegistryKeyTest, WhatIsNotThereIsNotFound) {
  EXPECT_TRUE(absl::IsNotFound(RegistryKey::Open(LR"(\Registry\Machine\SOFTWARE\HozenNone\x)").status()));
  EXPECT_TRUE(absl::IsNotFound(RegistryKey::Open(std::wstring(40'000, L'x')).status()));
  TestingKey made(LR"(\Registry\Machine\SOFTWARE\HozenTest)");
  made.Set(L"large", REG_SZ, std::wstring(30'000, L'x'));
  made.Set(L"larger", REG_SZ, std::wstring(600'000, L'x'));
  const absl::StatusOr<RegistryKey> key = RegistryKey::Open(LR"(\Registry\Machine\SOFTWARE\HozenTest)");
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_TRUE(absl::IsNotFound(key->Value(L"none").status()));
  EXPECT_EQ(key->Value(L"large")->data.size(), 60'000u);
  EXPECT_TRUE(absl::IsResourceExhausted(key->Value(L"larger").status()));
  std::vector<size_t> sizes;
  const auto take = [&](const RegistryValue& value) {
    sizes.push_back(value.data.size());
    EXPECT_GE(value.size_bytes, value.data.size());
    return absl::OkStatus();
  };
  EXPECT_TRUE(key->EachValue(9, take).ok());
  EXPECT_EQ(sizes, (std::vector<size_t>{60'000, kMostRegistryDataBytes}));
  EXPECT_TRUE(absl::IsResourceExhausted(key->EachValue(1, take)));
}

}  // namespace
}  // namespace hozen
