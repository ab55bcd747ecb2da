#include "agent/volatile/windows/startup/service_state.h"

#include <windows.h>
// After windows.h.
#include <winsvc.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/acquire/failure.h"
#include "agent/platform/registry_key.h"
#include "agent/volatile/windows/host_values.h"
#include "agent/volatile/windows/startup/service_config.h"
#include "agent/volatile/windows/startup/service_names.h"
#include "core/base/concat.h"
#include "core/base/windows_error.h"

namespace hozen {
namespace {

constexpr wchar_t kServices[] = LR"(\Registry\Machine\SYSTEM\CurrentControlSet\Services)";
constexpr size_t kMost = 65'536;
constexpr DWORD kListBytes = 256 << 10;  // the most that one call takes
// Templates and instances of users' own services, and those of packages, which not every Windows lets ask for.
constexpr DWORD kOldKinds = SERVICE_WIN32 | SERVICE_DRIVER;
constexpr DWORD kAllKinds = kOldKinds | SERVICE_ADAPTER | 0x40 | 0x80 | SERVICE_INTERACTIVE_PROCESS | 0x200;

struct Listed {
  std::wstring name;
  v1::WindowsService service;
};

std::wstring Lower(std::wstring text) {
  if (!text.empty()) ::CharLowerBuffW(text.data(), static_cast<DWORD>(text.size()));
  return text;
}

v1::WindowsService ServiceOf(const ENUM_SERVICE_STATUS_PROCESSW& found) {
  const SERVICE_STATUS_PROCESS& status = found.ServiceStatusProcess;
  v1::WindowsService service;
  service.set_name(WideText(found.lpServiceName));
  service.set_display_name(WideText(found.lpDisplayName));
  service.set_kind(ServiceKindName(status.dwServiceType));
  service.set_state(ServiceStateName(status.dwCurrentState));
  service.set_pid(static_cast<int32_t>(status.dwProcessId));
  service.set_accepts_stop((status.dwControlsAccepted & SERVICE_ACCEPT_STOP) != 0);
  return service;
}

class Services {
 public:
  // Whatever the manager lists, and what it does not say why.
  void List() {
    manager_.reset(::OpenSCManagerW(nullptr, nullptr, SC_MANAGER_CONNECT | SC_MANAGER_ENUMERATE_SERVICE));
    DWORD error = manager_ == nullptr ? ::GetLastError() : ListKinds(kAllKinds);
    if (manager_ != nullptr && error == ERROR_INVALID_PARAMETER) {
      kinds_ = kOldKinds;
      error = ListKinds(kOldKinds);
    }
    if (error != ERROR_SUCCESS) failures_.push_back(FailureOf(Win32Status(error, "Asking the service manager")));
    complete_ = error == ERROR_SUCCESS;
    if (listed_.size() < kMost) return;
    complete_ = false;
    failures_.push_back(MakeFailure(v1::CAUSE_LIMIT_ITEMS, Concat("only ", kMost, " are here")));
  }

  std::optional<v1::VolatileRecord> Next() {
    if (!failures_.empty()) {
      v1::VolatileRecord record = MissingRecord("services", std::move(failures_.back()));
      failures_.pop_back();
      return record;
    }
    if (at_ < listed_.size()) return Configured(listed_[at_++]);
    if (!looked_for_others_) LookForOthers();
    while (!others_.empty()) {
      const std::wstring name = std::move(others_.back());
      others_.pop_back();
      v1::VolatileRecord record;
      if (IsOther(name, *record.mutable_windows_service())) return record;
    }
    // What came up while others were looked for.
    return failures_.empty() ? std::nullopt : Next();
  }

 private:
  DWORD ListKinds(DWORD kinds) {
    std::vector<BYTE> bytes(kListBytes);
    DWORD resume = 0;
    while (listed_.size() < kMost) {
      DWORD needed = 0, count = 0;
      const bool done =
          ::EnumServicesStatusExW(manager_.get(), SC_ENUM_PROCESS_INFO, kinds, SERVICE_STATE_ALL, bytes.data(),
                                  static_cast<DWORD>(bytes.size()), &needed, &count, &resume, nullptr) != 0;
      const DWORD error = done ? ERROR_SUCCESS : ::GetLastError();
      if (!done && error != ERROR_MORE_DATA) return error;
      const auto* const found = reinterpret_cast<const ENUM_SERVICE_STATUS_PROCESSW*>(bytes.data());
      for (DWORD i = 0; i < count && listed_.size() < kMost; ++i) {
        names_.insert(Lower(found[i].lpServiceName));
        listed_.push_back({.name = found[i].lpServiceName, .service = ServiceOf(found[i])});
      }
      if (done) return ERROR_SUCCESS;
      if (count == 0) return ERROR_MORE_DATA;
    }
    return ERROR_SUCCESS;
  }

  v1::VolatileRecord Configured(Listed& listed) {
    v1::VolatileRecord record;
    v1::WindowsService& service = *record.mutable_windows_service();
    service = std::move(listed.service);
    AddManagersConfig(manager_.get(), listed.name, service);
    // One that was deleted and still runs has no key any more.
    AddRegistryConfig(listed.name, /*all=*/service.start().empty(), service).IgnoreError();
    return record;
  }

  // Keys that the manager did not list. Where it does not list all, that would say nothing.
  void LookForOthers() {
    looked_for_others_ = true;
    if (!complete_) return;
    const absl::StatusOr<RegistryKey> key = RegistryKey::Open(kServices);
    absl::Status status = key.status();
    std::vector<std::wstring> names;
    if (key.ok()) status = key->Names(kMost, names);
    if (!status.ok()) failures_.push_back(FailureOf(status));
    for (std::wstring& name : names) {
      if (names_.count(Lower(name)) == 0) others_.push_back(std::move(name));
    }
    std::reverse(others_.begin(), others_.end());
  }

  // Whether what stands there is a service; most of what is not listed are other programs' settings.
  bool IsOther(const std::wstring& name, v1::WindowsService& service) const {
    service.set_name(WideText(name));
    if (!AddRegistryConfig(name, /*all=*/true, service).ok()) return false;
    // A kind that the manager was not asked for.
    const bool is_users = service.kind().rfind("user_", 0) == 0;
    if (kinds_ != kAllKinds && (is_users || service.kind() == ServiceKindName(SERVICE_ADAPTER))) return false;
    v1::Missing* const missing = service.add_missing();
    missing->set_what("state");
    *missing->mutable_failure() =
        MakeFailure(v1::CAUSE_NOT_FOUND,
                    "It is in the registry alone: it was installed since the service manager started, waits to be "
                    "deleted, or its access list keeps it from the manager's list");
    return true;
  }

  ServiceHandle manager_;
  std::vector<Listed> listed_;
  std::set<std::wstring> names_;
  DWORD kinds_ = kAllKinds;
  bool complete_ = false;
  size_t at_ = 0;
  bool looked_for_others_ = false;
  std::vector<std::wstring> others_;
  std::vector<v1::Failure> failures_;
};

}  // namespace

NextRecord ServiceRecords(const StateContext& /*context*/) {
  // std::function wants what can be copied.
  const auto services = std::make_shared<Services>();
  services->List();
  return [services] { return services->Next(); };
}

}  // namespace hozen
