#include "agent/volatile/windows/startup/running_service.h"

#include <windows.h>
// After windows.h.
#include <winsvc.h>

#include "agent/volatile/windows/host_values.h"
#include "agent/volatile/windows/startup/service_config.h"
#include "core/base/concat.h"
#include "core/base/windows_error.h"

namespace hozen {

absl::Status CheckServiceRuns(const std::wstring& name) {
  const ServiceHandle manager(::OpenSCManagerW(nullptr, nullptr, SC_MANAGER_CONNECT));
  if (manager == nullptr) return Win32Status(::GetLastError(), "Asking the service manager");
  const ServiceHandle service(::OpenServiceW(manager.get(), name.c_str(), SERVICE_QUERY_STATUS));
  const std::string said = WideText(name);
  if (service == nullptr) {
    const DWORD error = ::GetLastError();
    if (error == ERROR_SERVICE_DOES_NOT_EXIST) {
      return absl::NotFoundError(Concat("this Windows has no service ", said));
    }
    return Win32Status(error, Concat("Asking the service manager for ", said));
  }
  SERVICE_STATUS status = {};
  if (!::QueryServiceStatus(service.get(), &status)) {
    return Win32Status(::GetLastError(), Concat("Asking the service manager for ", said));
  }
  if (status.dwCurrentState == SERVICE_RUNNING) return absl::OkStatus();
  return absl::NotFoundError(Concat("the service ", said, " does not run, and is not started to be asked"));
}

}  // namespace hozen
