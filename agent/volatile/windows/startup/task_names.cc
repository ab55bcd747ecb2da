#include "agent/volatile/windows/startup/task_names.h"

#include <iterator>
#include <string_view>

#include "core/base/concat.h"

namespace hozen {
namespace {

constexpr std::string_view kStates[] = {"unknown", "disabled", "queued", "ready", "running"};
constexpr std::string_view kTriggers[] = {"event", "time",         "daily", "weekly", "monthly", "monthly_by_weekday",
                                          "idle",  "registration", "boot",  "logon",  "10",      "session_state_change",
                                          "custom"};

}  // namespace

std::string TaskStateName(uint32_t state) {
  return state < std::size(kStates) ? std::string(kStates[state]) : Concat(state);
}

std::string TaskTriggerName(uint32_t type) {
  return type < std::size(kTriggers) ? std::string(kTriggers[type]) : Concat(type);
}

}  // namespace hozen
