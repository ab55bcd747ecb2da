// How a service is configured.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_SERVICE_CONFIG_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_SERVICE_CONFIG_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "proto/hozen/v1/volatile.pb.h"

// Win32's SC_HANDLE, whose header must not be included here.
struct SC_HANDLE__;

namespace hozen {

struct ServiceCloser {
  void operator()(SC_HANDLE__* handle) const;
};
using ServiceHandle = std::unique_ptr<SC_HANDLE__, ServiceCloser>;

// Both are thread-safe.

// Adds what the service manager says of it; what it does not say is `missing` in the record.
void AddManagersConfig(SC_HANDLE__* manager, const std::wstring& name, v1::WindowsService& service);

// Adds what stands below HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services: the library that svchost runs, and, with
// `all`, what the manager would say. NotFound where no such key is, or none that is a service.
absl::Status AddRegistryConfig(const std::wstring& name, bool all, v1::WindowsService& service);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_SERVICE_CONFIG_H_
