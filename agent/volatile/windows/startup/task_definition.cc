#include "agent/volatile/windows/startup/task_definition.h"

#include <windows.h>
// After windows.h.
#include <oleauto.h>
#include <taskschd.h>

#include <algorithm>
#include <optional>
#include <string>

#include "agent/platform/com_windows.h"
#include "agent/volatile/windows/host_values.h"
#include "agent/volatile/windows/startup/task_names.h"
#include "core/base/concat.h"

namespace hozen {
namespace {

constexpr LONG kMost = 256;  // actions and triggers of one task
constexpr size_t kMostXmlCharacters = 1 << 20;
// 1999-11-30: what the scheduler says for never.
constexpr DATE kNever = 36'494;

// taskschd.h of mingw-w64 lacks it;
// https://learn.microsoft.com/en-us/windows/win32/api/taskschd/nn-taskschd-icomhandleraction
struct ComHandlerAction : public IAction {
  virtual HRESULT STDMETHODCALLTYPE get_ClassId(BSTR* id) = 0;
  virtual HRESULT STDMETHODCALLTYPE put_ClassId(BSTR id) = 0;
  virtual HRESULT STDMETHODCALLTYPE get_Data(BSTR* data) = 0;
  virtual HRESULT STDMETHODCALLTYPE put_Data(BSTR data) = 0;
};
constexpr GUID kComHandlerAction = {0x6D2FD252, 0x75C5, 0x4F66, {0x90, 0xBA, 0x2A, 0x7D, 0x8C, 0xC3, 0x03, 0x9F}};

// A text that an object says of itself; empty where it does not.
template <typename Object, typename Base>
std::string TextOf(Object& object, HRESULT (STDMETHODCALLTYPE Base::*get)(BSTR*)) {
  ComText text;
  return SUCCEEDED((object.*get)(text.Receive())) ? WideText(text.view()) : std::string();
}

// Of a time in the host's own zone.
std::optional<google::protobuf::Timestamp> TimeOfDate(DATE date) {
  SYSTEMTIME local = {}, utc = {};
  FILETIME time = {};
  if (date <= kNever || !::VariantTimeToSystemTime(date, &local) ||
      !::TzSpecificLocalTimeToSystemTime(nullptr, &local, &utc) || !::SystemTimeToFileTime(&utc, &time)) {
    return std::nullopt;
  }
  return TimeOfFiletime(uint64_t{time.dwHighDateTime} << 32 | time.dwLowDateTime);
}

std::string ActionText(IAction& action) {
  ComPointer<IExecAction> exec;
  if (SUCCEEDED(action.QueryInterface(__uuidof(IExecAction), exec.ReceiveAny()))) {
    const std::string path = TextOf(*exec.get(), &IExecAction::get_Path);
    const std::string arguments = TextOf(*exec.get(), &IExecAction::get_Arguments);
    return Concat(path, arguments.empty() ? "" : " ", arguments);
  }
  ComPointer<ComHandlerAction> handler;
  if (SUCCEEDED(action.QueryInterface(kComHandlerAction, handler.ReceiveAny()))) {
    const std::string data = TextOf(*handler.get(), &ComHandlerAction::get_Data);
    return Concat(TextOf(*handler.get(), &ComHandlerAction::get_ClassId), data.empty() ? "" : " ", data);
  }
  TASK_ACTION_TYPE type = {};
  if (FAILED(action.get_Type(&type))) return "";
  return type == TASK_ACTION_SEND_EMAIL     ? "send_email"
         : type == TASK_ACTION_SHOW_MESSAGE ? "show_message"
                                            : Concat("action ", static_cast<int>(type));
}

void AddActions(ITaskDefinition& definition, v1::ScheduledTask& task) {
  ComPointer<IActionCollection> actions;
  LONG count = 0;
  if (FAILED(definition.get_Actions(actions.Receive())) || !actions || FAILED(actions->get_Count(&count))) return;
  for (LONG i = 1; i <= std::min(count, kMost); ++i) {
    ComPointer<IAction> action;
    if (SUCCEEDED(actions->get_Item(i, action.Receive())) && action) task.add_actions(ActionText(*action.get()));
  }
}

void AddTriggers(ITaskDefinition& definition, v1::ScheduledTask& task) {
  ComPointer<ITriggerCollection> triggers;
  LONG count = 0;
  if (FAILED(definition.get_Triggers(triggers.Receive())) || !triggers || FAILED(triggers->get_Count(&count))) return;
  for (LONG i = 1; i <= std::min(count, kMost); ++i) {
    ComPointer<ITrigger> trigger;
    TASK_TRIGGER_TYPE2 type = {};
    if (SUCCEEDED(triggers->get_Item(i, trigger.Receive())) && trigger && SUCCEEDED(trigger->get_Type(&type))) {
      task.add_triggers(TaskTriggerName(static_cast<uint32_t>(type)));
    }
  }
}

void AddDefinition(IRegisteredTask& registered, v1::ScheduledTask& task) {
  ComPointer<ITaskDefinition> definition;
  if (FAILED(registered.get_Definition(definition.Receive())) || !definition) return;
  ComPointer<ITaskSettings> settings;
  VARIANT_BOOL hidden = VARIANT_FALSE;
  if (SUCCEEDED(definition->get_Settings(settings.Receive())) && settings && SUCCEEDED(settings->get_Hidden(&hidden))) {
    task.set_hidden(hidden != VARIANT_FALSE);
  }
  ComPointer<IRegistrationInfo> registration;
  if (SUCCEEDED(definition->get_RegistrationInfo(registration.Receive())) && registration) {
    task.set_author(TextOf(*registration.get(), &IRegistrationInfo::get_Author));
  }
  ComPointer<IPrincipal> principal;
  if (SUCCEEDED(definition->get_Principal(principal.Receive())) && principal) {
    task.set_run_as(TextOf(*principal.get(), &IPrincipal::get_UserId));
    if (task.run_as().empty()) task.set_run_as(TextOf(*principal.get(), &IPrincipal::get_GroupId));
  }
  AddActions(*definition.get(), task);
  AddTriggers(*definition.get(), task);
}

}  // namespace

void DescribeTask(IRegisteredTask& registered, v1::ScheduledTask& task) {
  task.set_path(TextOf(registered, &IRegisteredTask::get_Path));
  TASK_STATE state = {};
  if (SUCCEEDED(registered.get_State(&state))) task.set_state(TaskStateName(static_cast<uint32_t>(state)));
  VARIANT_BOOL enabled = VARIANT_FALSE;
  if (SUCCEEDED(registered.get_Enabled(&enabled))) task.set_enabled(enabled != VARIANT_FALSE);
  DATE date = 0;
  if (SUCCEEDED(registered.get_LastRunTime(&date))) {
    if (const auto at = TimeOfDate(date); at.has_value()) *task.mutable_last_run() = *at;
  }
  date = 0;
  if (SUCCEEDED(registered.get_NextRunTime(&date))) {
    if (const auto at = TimeOfDate(date); at.has_value()) *task.mutable_next_run() = *at;
  }
  LONG number = 0;
  if (SUCCEEDED(registered.get_LastTaskResult(&number))) task.set_last_result(static_cast<uint32_t>(number));
  number = 0;
  if (SUCCEEDED(registered.get_NumberOfMissedRuns(&number))) task.set_missed_runs(static_cast<uint32_t>(number));
  ComText xml;
  if (SUCCEEDED(registered.get_Xml(xml.Receive()))) task.set_xml(WideText(xml.view().substr(0, kMostXmlCharacters)));
  AddDefinition(registered, task);
}

}  // namespace hozen
