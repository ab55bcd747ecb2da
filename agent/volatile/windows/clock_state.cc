#include "agent/volatile/windows/clock_state.h"

#include <windows.h>

#include <iterator>
#include <optional>
#include <utility>

#include "agent/acquire/failure.h"
#include "agent/volatile/binary_fields.h"
#include "agent/volatile/record_source.h"
#include "agent/volatile/windows/host_values.h"
#include "agent/volatile/windows/kernel_answers.h"
#include "agent/volatile/windows/system_function.h"
#include "core/base/concat.h"
#include "core/base/windows_error.h"
#include "core/base/windows_text.h"

namespace hozen {
namespace {

constexpr int kTimeOfDayInformation = 3;
constexpr size_t kTimeOfDayBytes = 48;
constexpr size_t kBootedAt = 0;
constexpr int kKernelDebuggerInformation = 35;
constexpr int kCodeIntegrityInformation = 103;
constexpr size_t kMostAnswerBytes = 64;
constexpr DWORD kMostTextBytes = 64 << 10;
constexpr wchar_t kVersionKey[] = LR"(SOFTWARE\Microsoft\Windows NT\CurrentVersion)";
constexpr wchar_t kControlKey[] = LR"(SYSTEM\CurrentControlSet\Control)";
constexpr wchar_t kPrefetchKey[] =
    LR"(SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management\PrefetchParameters)";

struct Option {
  uint32_t bit;
  const char* name;
};
// CODEINTEGRITY_OPTION_...
constexpr Option kOptions[] = {
    {0x02, "test_signing"}, {0x08, "user_mode_audit"}, {0x20, "test_build"},
    {0x80, "debug_mode"},   {0x200, "flight_signing"}, {0x800, "kernel_audit"},
};
constexpr uint32_t kEnabled = 0x01;

class Clock {
 public:
  explicit Clock(const StateContext& context) {
    if (context.clock_offset_ns.has_value()) state().set_collector_offset_ns(*context.clock_offset_ns);
  }

  std::vector<v1::VolatileRecord> Make() {
    AddTimes();
    AddNames();
    AddIntegrity();
    for (v1::VolatileRecord& record : missing_) records_.push_back(std::move(record));
    return std::move(records_);
  }

 private:
  v1::ClockState& state() { return *records_[0].mutable_clock(); }

  void Miss(std::string_view what, const absl::Status& status) {
    missing_.push_back(MissingRecord(what, FailureOf(status)));
  }

  std::optional<std::wstring> RegistryText(const wchar_t* key, const wchar_t* value) {
    std::wstring text(256, L'\0');
    auto size = static_cast<DWORD>(text.size() * sizeof(wchar_t));
    const auto ask = [&] {
      return ::RegGetValueW(HKEY_LOCAL_MACHINE, key, value, RRF_RT_REG_SZ | RRF_SUBKEY_WOW6464KEY, nullptr, text.data(),
                            &size);
    };
    LSTATUS error = ask();
    if (error == ERROR_MORE_DATA && size <= kMostTextBytes) {
      text.resize(size / sizeof(wchar_t) + 1);
      size = static_cast<DWORD>(text.size() * sizeof(wchar_t));
      error = ask();
    }
    if (error != ERROR_SUCCESS) {
      Miss(Concat(Wtf8OfWide(key), "\\", Wtf8OfWide(value)), Win32Status(static_cast<uint32_t>(error), "Reading it"));
      return std::nullopt;
    }
    return std::wstring(text.c_str());
  }

  std::optional<DWORD> RegistryNumber(const wchar_t* key, const wchar_t* value) {
    DWORD number = 0;
    DWORD size = sizeof(number);
    const LSTATUS error = ::RegGetValueW(HKEY_LOCAL_MACHINE, key, value, RRF_RT_REG_DWORD | RRF_SUBKEY_WOW6464KEY,
                                         nullptr, &number, &size);
    if (error == ERROR_SUCCESS) return number;
    Miss(Concat(Wtf8OfWide(key), "\\", Wtf8OfWide(value)), Win32Status(static_cast<uint32_t>(error), "Reading it"));
    return std::nullopt;
  }

  void AddTimes() {
    FILETIME now = {};
    ::GetSystemTimePreciseAsFileTime(&now);
    const uint64_t ticks = uint64_t{now.dwHighDateTime} << 32 | now.dwLowDateTime;
    if (const auto utc = TimeOfFiletime(ticks); utc.has_value()) *state().mutable_utc() = *utc;
    ULONGLONG awake = 0;
    if (::QueryUnbiasedInterruptTime(&awake)) state().set_monotonic_ns(static_cast<int64_t>(awake) * 100);
    // With the time asleep; Windows before 10 tells it by the millisecond alone.
    uint64_t up = ::GetTickCount64() * 10'000;
    const auto precise = SystemFunction<void(WINAPI*)(ULONGLONG*)>(L"kernelbase.dll", "QueryInterruptTime");
    if (precise != nullptr) precise(&up);
    state().set_uptime_ns(static_cast<int64_t>(up) * 100);
    const absl::StatusOr<Answer> day = QuerySystem(kTimeOfDayInformation, kTimeOfDayBytes);
    const uint64_t booted = day.ok() ? FieldAt<uint64_t>(day->bytes, kBootedAt) : 0;
    const auto since = TimeOfFiletime(booted != 0 ? booted : ticks - up);
    if (since.has_value()) *state().mutable_booted() = *since;
    const std::optional<DWORD> boot = RegistryNumber(kPrefetchKey, L"BootId");
    if (boot.has_value()) state().set_boot_id(Concat(*boot));
  }

  void AddNames() {
    wchar_t name[256] = {};
    DWORD size = std::size(name);
    if (::GetComputerNameExW(ComputerNamePhysicalDnsFullyQualified, name, &size)) {
      state().set_hostname(WideText({name, size}));
    } else {
      Miss("the host's name", Win32Status(::GetLastError(), "Asking for it"));
    }
    OSVERSIONINFOW version = {};
    version.dwOSVersionInfoSize = sizeof(version);
    // What GetVersionEx says depends on what the program was built for; this does not.
    const auto get = SystemFunction<LONG(WINAPI*)(OSVERSIONINFOW*)>(L"ntdll.dll", "RtlGetVersion");
    if (get != nullptr && get(&version) == 0) {
      std::string release = Concat(version.dwMajorVersion, ".", version.dwMinorVersion, ".", version.dwBuildNumber);
      // Which update it has.
      const std::optional<DWORD> update = RegistryNumber(kVersionKey, L"UBR");
      if (update.has_value()) release += Concat(".", *update);
      state().set_kernel_release(std::move(release));
    }
    std::optional<std::wstring> build = RegistryText(kVersionKey, L"BuildLabEx");
    if (!build.has_value()) build = RegistryText(kVersionKey, L"BuildLab");
    if (build.has_value()) state().set_kernel_version(WideText(*build));
    const std::optional<std::wstring> options = RegistryText(kControlKey, L"SystemStartOptions");
    if (options.has_value()) state().set_kernel_command_line(WideText(*options));
  }

  void AddIntegrity() {
    // SYSTEM_CODEINTEGRITY_INFORMATION has to say its own size, so it is no question of QuerySystem's.
    using Query = LONG(WINAPI*)(int, void*, ULONG, ULONG*);
    const auto query = SystemFunction<Query>(L"ntdll.dll", "NtQuerySystemInformation");
    uint32_t integrity[2] = {sizeof(integrity), 0};
    ULONG size = 0;
    const LONG status = query == nullptr ? -1 : query(kCodeIntegrityInformation, integrity, sizeof(integrity), &size);
    if (status < 0) {
      Miss("code integrity", NtStatus(status, "Asking for its options"));
    } else {
      state().set_taint(integrity[1]);
      for (std::string& name : CodeIntegrityNames(integrity[1])) state().add_taint_flags(std::move(name));
    }
    const absl::StatusOr<Answer> debugger = QuerySystem(kKernelDebuggerInformation, kMostAnswerBytes);
    if (debugger.ok() && FieldAt<uint8_t>(debugger->bytes, 0) != 0) state().add_taint_flags("kernel_debugger");
  }

  std::vector<v1::VolatileRecord> records_ = std::vector<v1::VolatileRecord>(1);
  std::vector<v1::VolatileRecord> missing_;
};

}  // namespace

std::vector<std::string> CodeIntegrityNames(uint32_t options) {
  std::vector<std::string> names;
  if ((options & kEnabled) == 0) names.push_back("code_integrity_off");
  for (const Option& each : kOptions) {
    if ((options & each.bit) != 0) names.push_back(each.name);
  }
  return names;
}

std::vector<v1::VolatileRecord> WindowsClockRecords(const StateContext& context) { return Clock(context).Make(); }

}  // namespace hozen
