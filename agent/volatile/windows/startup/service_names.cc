#include "agent/volatile/windows/startup/service_names.h"

#include <windows.h>
// After windows.h.
#include <winsvc.h>

#include "core/base/concat.h"

namespace hozen {
namespace {

constexpr uint32_t kUserService = 0x40;
constexpr uint32_t kUserServiceInstance = 0x80;
constexpr uint32_t kPackageService = 0x200;
constexpr uint32_t kModifiers = SERVICE_INTERACTIVE_PROCESS | kUserServiceInstance | kPackageService;

struct Name {
  uint32_t number;
  std::string_view name;
};

constexpr Name kKinds[] = {{SERVICE_KERNEL_DRIVER, "kernel_driver"},
                           {SERVICE_FILE_SYSTEM_DRIVER, "file_system_driver"},
                           {SERVICE_ADAPTER, "adapter"},
                           {SERVICE_RECOGNIZER_DRIVER, "recognizer_driver"},
                           {SERVICE_WIN32_OWN_PROCESS, "own_process"},
                           {SERVICE_WIN32_SHARE_PROCESS, "share_process"},
                           {SERVICE_WIN32_OWN_PROCESS | kUserService, "user_own_process"},
                           {SERVICE_WIN32_SHARE_PROCESS | kUserService, "user_share_process"}};
constexpr Name kModifierNames[] = {
    {SERVICE_INTERACTIVE_PROCESS, "interactive"}, {kUserServiceInstance, "instance"}, {kPackageService, "package"}};
constexpr Name kStates[] = {{SERVICE_STOPPED, "stopped"},
                            {SERVICE_START_PENDING, "start_pending"},
                            {SERVICE_STOP_PENDING, "stop_pending"},
                            {SERVICE_RUNNING, "running"},
                            {SERVICE_CONTINUE_PENDING, "continue_pending"},
                            {SERVICE_PAUSE_PENDING, "pause_pending"},
                            {SERVICE_PAUSED, "paused"}};
constexpr Name kStarts[] = {{SERVICE_BOOT_START, "boot"},
                            {SERVICE_SYSTEM_START, "system"},
                            {SERVICE_AUTO_START, "automatic"},
                            {SERVICE_DEMAND_START, "manual"},
                            {SERVICE_DISABLED, "disabled"}};
constexpr Name kActions[] = {{SC_ACTION_NONE, "none"},
                             {SC_ACTION_RESTART, "restart"},
                             {SC_ACTION_REBOOT, "reboot"},
                             {SC_ACTION_RUN_COMMAND, "run"}};
constexpr Name kTriggers[] = {{SERVICE_TRIGGER_TYPE_DEVICE_INTERFACE_ARRIVAL, "device_interface_arrival"},
                              {SERVICE_TRIGGER_TYPE_IP_ADDRESS_AVAILABILITY, "ip_address_availability"},
                              {SERVICE_TRIGGER_TYPE_DOMAIN_JOIN, "domain_join"},
                              {SERVICE_TRIGGER_TYPE_FIREWALL_PORT_EVENT, "firewall_port_event"},
                              {SERVICE_TRIGGER_TYPE_GROUP_POLICY, "group_policy"},
                              {SERVICE_TRIGGER_TYPE_NETWORK_ENDPOINT, "network_endpoint"},
                              {SERVICE_TRIGGER_TYPE_CUSTOM_SYSTEM_STATE_CHANGE, "system_state_change"},
                              {SERVICE_TRIGGER_TYPE_CUSTOM, "custom"},
                              {SERVICE_TRIGGER_TYPE_AGGREGATE, "aggregate"}};

template <size_t size>
std::string NameOf(uint32_t number, const Name (&names)[size]) {
  for (const Name& each : names) {
    if (each.number == number) return std::string(each.name);
  }
  return Concat(number);
}

}  // namespace

std::string ServiceKindName(uint32_t type) {
  std::string text = NameOf(type & ~kModifiers, kKinds);
  for (const Name& each : kModifierNames) {
    if ((type & each.number) != 0) text += Concat(", ", each.name);
  }
  return text;
}

std::string ServiceStateName(uint32_t state) { return NameOf(state, kStates); }

std::string ServiceStartName(uint32_t start, bool delayed) {
  return Concat(NameOf(start, kStarts), start == SERVICE_AUTO_START && delayed ? "_delayed" : "");
}

std::string FailureActionName(uint32_t action, uint32_t delay_ms) {
  return Concat(NameOf(action, kActions), " after ", delay_ms, " ms");
}

std::string ServiceTriggerName(uint32_t type, uint32_t action, std::string_view subtype) {
  constexpr uint32_t kStart = 1, kStop = 2;  // SERVICE_TRIGGER_ACTION_SERVICE_START, _STOP
  const std::string what = action == kStart ? "start" : action == kStop ? "stop" : Concat(action);
  return Concat(what, " on ", NameOf(type, kTriggers), subtype.empty() ? "" : " ", subtype);
}

}  // namespace hozen
