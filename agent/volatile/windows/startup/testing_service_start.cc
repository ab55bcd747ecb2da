#include "agent/volatile/windows/startup/testing_service_start.h"

#include <windows.h>
// After windows.h.
#include <winsvc.h>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "agent/volatile/windows/startup/running_service.h"
#include "agent/volatile/windows/startup/service_config.h"

namespace hozen {

bool StartForTest(const wchar_t* name) {
  const ServiceHandle manager(::OpenSCManagerW(nullptr, nullptr, SC_MANAGER_CONNECT));
  const ServiceHandle service(::OpenServiceW(manager.get(), name, SERVICE_START));
  if (service == nullptr) return false;
  ::StartServiceW(service.get(), 0, nullptr);
  const absl::Time until = absl::Now() + absl::Minutes(1);
  while (!CheckServiceRuns(name).ok()) {
    if (absl::Now() > until) return false;
    absl::SleepFor(absl::Milliseconds(20));
  }
  return true;
}

}  // namespace hozen
