#include "agent/volatile/windows/startup/service_state.h"

#include <windows.h>
// After windows.h.
#include <winsvc.h>

#include <map>
#include <string>

#include "agent/volatile/windows/startup/service_config.h"
#include "agent/volatile/windows/startup/service_names.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;
using ::testing::StartsWith;

constexpr wchar_t kServices[] = L"SYSTEM\\CurrentControlSet\\Services\\";

struct Found {
  std::map<std::string, v1::WindowsService> services;
  std::map<std::string, v1::Failure> missing;
};

Found All() {
  const StateContext context;
  const NextRecord next = ServiceRecords(context);
  Found found;
  for (std::optional<v1::VolatileRecord> record = next(); record.has_value(); record = next()) {
    if (record->has_windows_service()) {
      found.services[record->windows_service().name()] = record->windows_service();
    } else {
      found.missing[record->missing().what()] = record->missing().failure();
    }
  }
  return found;
}

// A service of this test's, which nobody starts.
class TestingService {
 public:
  explicit TestingService(const wchar_t* name)
      : manager_(::OpenSCManagerW(nullptr, nullptr, SC_MANAGER_ALL_ACCESS)), name_(name) {
    Remove();
    service_.reset(::CreateServiceW(manager_.get(), name, L"A\x1bname", SERVICE_ALL_ACCESS, SERVICE_WIN32_SHARE_PROCESS,
                                    SERVICE_AUTO_START, SERVICE_ERROR_NORMAL, L"C:\\none\\svchost.exe -k none",
                                    L"none group", nullptr, L"one\0two\0", nullptr, nullptr));
    EXPECT_NE(service_, nullptr) << ::GetLastError();
  }
  ~TestingService() { Remove(); }
  SC_HANDLE__* get() const { return service_.get(); }

 private:
  void Remove() {
    service_.reset();
    const ServiceHandle old(::OpenServiceW(manager_.get(), name_, DELETE));
    if (old != nullptr) ::DeleteService(old.get());
  }

  const ServiceHandle manager_;
  const wchar_t* const name_;
  ServiceHandle service_;
};

void SetText(const std::wstring& key, const wchar_t* name, const std::wstring& text) {
  EXPECT_EQ(::RegSetKeyValueW(HKEY_LOCAL_MACHINE, key.c_str(), name, REG_EXPAND_SZ, text.c_str(),
                              static_cast<DWORD>((text.size() + 1) * sizeof(wchar_t))),
            ERROR_SUCCESS);
}

TEST(ServiceStateTest, AServiceIsThereAsItWasMade) {
  const TestingService made(L"HozenTest");
  SERVICE_DESCRIPTIONW description = {.lpDescription = const_cast<wchar_t*>(L"What it does")};
  EXPECT_TRUE(::ChangeServiceConfig2W(made.get(), SERVICE_CONFIG_DESCRIPTION, &description));
  SetText(std::wstring(kServices) + L"HozenTest\\Parameters", L"ServiceDll", L"%SystemRoot%\\evil.dll");
  const Found found = All();
  ASSERT_THAT(found.services, Contains(Key("HozenTest")));
  const v1::WindowsService& service = found.services.at("HozenTest");
  EXPECT_EQ(service.display_name(), "A\\x1bname");
  EXPECT_EQ(service.description(), "What it does");
  EXPECT_EQ(service.kind(), "share_process");
  EXPECT_EQ(service.state(), "stopped");
  EXPECT_THAT(service.start(), StartsWith("automatic"));
  EXPECT_EQ(service.command(), "C:\\\\none\\\\svchost.exe -k none");
  EXPECT_EQ(service.service_dll(), "%SystemRoot%\\\\evil.dll");
  EXPECT_EQ(service.account(), "LocalSystem");
  EXPECT_EQ(service.load_order_group(), "none group");
  // Wine keeps none.
  if (service.depends_on_size() > 0) {
    EXPECT_THAT(service.depends_on(), ElementsAre("one", "two"));
  }
  EXPECT_EQ(service.pid(), 0);
}

TEST(ServiceStateTest, WhatTheManagerDoesNotListIsFoundInTheRegistry) {
  const std::wstring key = std::wstring(kServices) + L"HozenHidden";
  const DWORD type = SERVICE_KERNEL_DRIVER, start = SERVICE_BOOT_START;
  ASSERT_EQ(::RegSetKeyValueW(HKEY_LOCAL_MACHINE, key.c_str(), L"Type", REG_DWORD, &type, sizeof(type)), ERROR_SUCCESS);
  ::RegSetKeyValueW(HKEY_LOCAL_MACHINE, key.c_str(), L"Start", REG_DWORD, &start, sizeof(start));
  SetText(key, L"ImagePath", L"\\??\\C:\\hidden.sys");
  const std::wstring settings = std::wstring(kServices) + L"HozenSettings";
  SetText(settings, L"Anything", L"x");
  const Found found = All();
  ::RegDeleteTreeW(HKEY_LOCAL_MACHINE, key.c_str());
  ::RegDeleteTreeW(HKEY_LOCAL_MACHINE, settings.c_str());
  ASSERT_THAT(found.services, Contains(Key("HozenHidden")));
  const v1::WindowsService& service = found.services.at("HozenHidden");
  EXPECT_EQ(service.kind(), "kernel_driver");
  EXPECT_EQ(service.start(), "boot");
  EXPECT_EQ(service.command(), "\\\\??\\\\C:\\\\hidden.sys");
  EXPECT_EQ(service.state(), "");
  ASSERT_EQ(service.missing_size(), 1);
  EXPECT_EQ(service.missing(0).failure().cause(), v1::CAUSE_NOT_FOUND);
  EXPECT_THAT(found.services, Not(Contains(Key("HozenSettings"))));
  EXPECT_TRUE(found.missing.empty()) << found.missing.begin()->second.ShortDebugString();
}

TEST(ServiceStateTest, OneThatRunsHasItsProcess) {
  // The service manager's own, which every Windows runs, wine too.
  const Found found = All();
  EXPECT_THAT(
      found.services,
      Contains(Pair(HasSubstr("PlugPlay"), ::testing::Property(&v1::WindowsService::state, ::testing::Eq("running")))));
  EXPECT_GT(found.services.at("PlugPlay").pid(), 0);
}

TEST(ServiceNamesTest, NumbersHaveNames) {
  EXPECT_EQ(ServiceKindName(SERVICE_WIN32_OWN_PROCESS | SERVICE_INTERACTIVE_PROCESS), "own_process, interactive");
  EXPECT_EQ(ServiceKindName(0x60 | 0x80), "user_share_process, instance");
  EXPECT_EQ(ServiceStateName(SERVICE_PAUSED), "paused");
  EXPECT_EQ(ServiceStateName(99), "99");
  EXPECT_EQ(ServiceStartName(SERVICE_AUTO_START, true), "automatic_delayed");
  EXPECT_EQ(ServiceStartName(SERVICE_DISABLED, true), "disabled");
  EXPECT_EQ(FailureActionName(SC_ACTION_RUN_COMMAND, 5), "run after 5 ms");
  EXPECT_EQ(ServiceTriggerName(6, 1, "{x}"), "start on network_endpoint {x}");
}

}  // namespace
}  // namespace hozen
