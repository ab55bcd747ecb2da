#include "agent/volatile/windows/startup/service_config.h"

#include <windows.h>
// After windows.h.
#include <winsvc.h>

#include <algorithm>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_join.h"
#include "agent/acquire/failure.h"
#include "agent/platform/registry_key.h"
#include "agent/volatile/windows/host_values.h"
#include "agent/volatile/windows/registry_texts.h"
#include "agent/volatile/windows/startup/service_names.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"
#include "core/base/windows_error.h"

namespace hozen {
namespace {

constexpr wchar_t kServices[] = LR"(\Registry\Machine\SYSTEM\CurrentControlSet\Services\)";
constexpr DWORD kMostConfigBytes = 64 << 10;
constexpr uint32_t kMostTriggers = 256;
constexpr uint32_t kMostTriggerBytes = 256;
constexpr DWORD kMostActions = 64;

void Miss(v1::WindowsService& service, std::string_view what, v1::Failure failure) {
  v1::Missing* const missing = service.add_missing();
  missing->set_what(std::string(what));
  *missing->mutable_failure() = std::move(failure);
}

// What `ask` says, in as many bytes as it takes; empty and `missing` where it does not.
template <typename Ask>
std::vector<BYTE> Query(v1::WindowsService& service, std::string_view what, const Ask& ask) {
  std::vector<BYTE> bytes(8 << 10);  // the most that documentation speaks of
  DWORD needed = 0;
  bool done = ask(bytes.data(), static_cast<DWORD>(bytes.size()), &needed);
  if (!done && ::GetLastError() == ERROR_INSUFFICIENT_BUFFER && needed <= kMostConfigBytes) {
    bytes.resize(needed);
    done = ask(bytes.data(), needed, &needed);
  }
  if (done) return bytes;
  const DWORD error = ::GetLastError();
  v1::Failure failure = FailureOf(Win32Status(error, "Asking the service manager"));
  // Younger than this Windows.
  if (error == ERROR_INVALID_LEVEL) failure.set_cause(v1::CAUSE_NOT_SUPPORTED);
  Miss(service, what, std::move(failure));
  return {};
}

std::vector<BYTE> QueryMore(SC_HANDLE handle, DWORD level, std::string_view what, v1::WindowsService& service) {
  return Query(service, what, [&](BYTE* bytes, DWORD size, DWORD* needed) {
    return ::QueryServiceConfig2W(handle, level, bytes, size, needed) != 0;
  });
}

void AddFailureActions(SC_HANDLE handle, v1::WindowsService& service) {
  const std::vector<BYTE> bytes = QueryMore(handle, SERVICE_CONFIG_FAILURE_ACTIONS, "failure_actions", service);
  if (bytes.empty()) return;
  const auto* const actions = reinterpret_cast<const SERVICE_FAILURE_ACTIONSW*>(bytes.data());
  service.set_failure_command(WideText(actions->lpCommand));
  const DWORD count = actions->lpsaActions == nullptr ? 0 : std::min(actions->cActions, kMostActions);
  for (DWORD i = 0; i < count; ++i) {
    const SC_ACTION& action = actions->lpsaActions[i];
    service.add_failure_actions(FailureActionName(static_cast<uint32_t>(action.Type), action.Delay));
  }
}

std::string TriggerText(const ServiceTrigger& trigger) {
  constexpr uint32_t kString = 2;  // SERVICE_TRIGGER_DATA_TYPE_STRING
  std::string text = ServiceTriggerName(trigger.type, trigger.action,
                                        trigger.subtype == nullptr ? std::string() : GuidText(trigger.subtype));
  const uint32_t items = trigger.data == nullptr ? 0 : std::min(trigger.data_items, kMostTriggers);
  for (uint32_t i = 0; i < items; ++i) {
    const ServiceTriggerData& item = trigger.data[i];
    if (item.bytes == nullptr) continue;
    const uint32_t size = std::min(item.size_bytes, kMostTriggerBytes);
    if (item.type != kString) {
      text += Concat(": ", absl::BytesToHexString(AbslView({item.bytes, size})));
      continue;
    }
    const std::wstring wide(reinterpret_cast<const wchar_t*>(item.bytes), size / sizeof(wchar_t));
    std::vector<std::string> parts;
    for (const std::wstring_view part : SplitMultiText(wide)) parts.push_back(WideText(part));
    text += Concat(": ", absl::StrJoin(parts, " "));
  }
  return text;
}

void AddTriggers(SC_HANDLE handle, v1::WindowsService& service) {
  const std::vector<BYTE> bytes = QueryMore(handle, SERVICE_CONFIG_TRIGGER_INFO, "triggers", service);
  if (bytes.empty()) return;
  const auto* const triggers = reinterpret_cast<const ServiceTriggers*>(bytes.data());
  const uint32_t count = triggers->triggers == nullptr ? 0 : std::min(triggers->count, kMostTriggers);
  for (uint32_t i = 0; i < count; ++i) service.add_triggers(TriggerText(triggers->triggers[i]));
}

bool IsDelayed(SC_HANDLE handle, v1::WindowsService& service) {
  const std::vector<BYTE> bytes = QueryMore(handle, SERVICE_CONFIG_DELAYED_AUTO_START_INFO, "start", service);
  return !bytes.empty() &&
         reinterpret_cast<const SERVICE_DELAYED_AUTO_START_INFO*>(bytes.data())->fDelayedAutostart != FALSE;
}

// The texts of a value, printable; empty where it has none.
std::string TextOf(const RegistryKey& key, std::wstring_view name) {
  const absl::StatusOr<RegistryValue> value = key.Value(name);
  if (!value.ok()) return "";
  const std::optional<std::vector<std::wstring>> texts = TextsOf(*value);
  return texts.has_value() && !texts->empty() ? WideText(texts->front()) : "";
}

void AddAllOfRegistry(const RegistryKey& key, uint32_t type, v1::WindowsService& service) {
  const auto number = [&key](std::wstring_view name) {
    const absl::StatusOr<RegistryValue> value = key.Value(name);
    return value.ok() ? NumberOf(*value) : std::nullopt;
  };
  service.set_kind(ServiceKindName(type));
  if (const std::optional<uint32_t> start = number(L"Start"); start.has_value()) {
    service.set_start(ServiceStartName(*start, number(L"DelayedAutostart").value_or(0) != 0));
  }
  service.set_display_name(TextOf(key, L"DisplayName"));
  service.set_description(TextOf(key, L"Description"));
  service.set_command(TextOf(key, L"ImagePath"));
  service.set_account(TextOf(key, L"ObjectName"));
  service.set_load_order_group(TextOf(key, L"Group"));
}

}  // namespace

void ServiceCloser::operator()(SC_HANDLE__* handle) const { ::CloseServiceHandle(handle); }

void AddManagersConfig(SC_HANDLE__* manager, const std::wstring& name, v1::WindowsService& service) {
  const ServiceHandle handle(::OpenServiceW(manager, name.c_str(), SERVICE_QUERY_CONFIG));
  if (handle == nullptr) {
    const DWORD error = ::GetLastError();
    const absl::Status status = Win32Status(error, "Opening the service");
    v1::Failure failure = FailureOf(status);
    if (error == ERROR_SERVICE_DOES_NOT_EXIST || error == ERROR_SERVICE_MARKED_FOR_DELETE) {
      failure.set_cause(v1::CAUSE_VANISHED);
    }
    Miss(service, "configuration", std::move(failure));
    return;
  }
  const std::vector<BYTE> bytes = Query(service, "configuration", [&](BYTE* at, DWORD size, DWORD* needed) {
    return ::QueryServiceConfigW(handle.get(), reinterpret_cast<QUERY_SERVICE_CONFIGW*>(at), size, needed) != 0;
  });
  if (!bytes.empty()) {
    const auto* const config = reinterpret_cast<const QUERY_SERVICE_CONFIGW*>(bytes.data());
    const bool delayed = config->dwStartType == SERVICE_AUTO_START && IsDelayed(handle.get(), service);
    service.set_start(ServiceStartName(config->dwStartType, delayed));
    service.set_command(WideText(config->lpBinaryPathName));
    service.set_account(WideText(config->lpServiceStartName));
    service.set_load_order_group(WideText(config->lpLoadOrderGroup));
    for (const std::wstring_view one : MultiTextAt(config->lpDependencies)) service.add_depends_on(WideText(one));
    // Drivers have none of what follows.
    if ((config->dwServiceType & (SERVICE_DRIVER | SERVICE_ADAPTER)) != 0) return;
  }
  const std::vector<BYTE> more = QueryMore(handle.get(), SERVICE_CONFIG_DESCRIPTION, "description", service);
  if (!more.empty()) {
    service.set_description(WideText(reinterpret_cast<const SERVICE_DESCRIPTIONW*>(more.data())->lpDescription));
  }
  AddFailureActions(handle.get(), service);
  AddTriggers(handle.get(), service);
}

absl::Status AddRegistryConfig(const std::wstring& name, bool all, v1::WindowsService& service) {
  HOZEN_ASSIGN_OR_RETURN(const RegistryKey key, RegistryKey::Open(kServices + name));
  const absl::StatusOr<RegistryValue> type = key.Value(L"Type");
  if (all && (!type.ok() || !NumberOf(*type).has_value())) return absl::NotFoundError("it is no service");
  if (all) AddAllOfRegistry(key, *NumberOf(*type), service);
  const absl::StatusOr<RegistryKey> parameters = key.OpenBelow(L"Parameters");
  if (parameters.ok()) service.set_service_dll(TextOf(*parameters, L"ServiceDll"));
  // Where the oldest services have it.
  if (service.service_dll().empty()) service.set_service_dll(TextOf(key, L"ServiceDll"));
  if (!parameters.ok() && !absl::IsNotFound(parameters.status())) {
    Miss(service, "service_dll", FailureOf(parameters.status()));
  }
  return absl::OkStatus();
}

}  // namespace hozen
