// What the numbers of the service manager are called, and its structures that mingw-w64's winsvc.h lacks.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_SERVICE_NAMES_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_SERVICE_NAMES_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace hozen {

// All are thread-safe; a number that has no name is given as a number.

// Of SERVICE_OWN_PROCESS and its like: "own_process", "own_process, interactive", "user_share_process".
std::string ServiceKindName(uint32_t type);
// Of SERVICE_RUNNING and its like: "running".
std::string ServiceStateName(uint32_t state);
// Of SERVICE_AUTO_START and its like: "automatic", "automatic_delayed".
std::string ServiceStartName(uint32_t start, bool delayed);
// Of an SC_ACTION, its delay in milliseconds: "restart after 60000 ms".
std::string FailureActionName(uint32_t action, uint32_t delay_ms);
// Of a SERVICE_TRIGGER: "start on network_endpoint {...}".
std::string ServiceTriggerName(uint32_t type, uint32_t action, std::string_view subtype);

// https://learn.microsoft.com/en-us/windows/win32/api/winsvc/ns-winsvc-service_trigger_specific_data_item
struct ServiceTriggerData {
  uint32_t type;
  uint32_t size_bytes;
  const char* bytes;
};

// https://learn.microsoft.com/en-us/windows/win32/api/winsvc/ns-winsvc-service_trigger
struct ServiceTrigger {
  uint32_t type;
  uint32_t action;
  const void* subtype;  // a GUID
  uint32_t data_items;
  const ServiceTriggerData* data;
};

// https://learn.microsoft.com/en-us/windows/win32/api/winsvc/ns-winsvc-service_trigger_info
struct ServiceTriggers {
  uint32_t count;
  const ServiceTrigger* triggers;
  const char* reserved;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_SERVICE_NAMES_H_
