#include "agent/volatile/windows/startup/task_state.h"

#include <windows.h>
// After windows.h.
#include <oleauto.h>
#include <taskschd.h>

#include <map>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "agent/platform/com_windows.h"
#include "agent/volatile/windows/startup/task_definition.h"
#include "agent/volatile/windows/startup/task_names.h"
#include "agent/volatile/windows/startup/testing_service_start.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Not;

constexpr wchar_t kTree[] = LR"(SOFTWARE\Microsoft\Windows NT\CurrentVersion\Schedule\TaskCache\Tree\HozenHidden)";
constexpr wchar_t kXml[] =
    L"<?xml version=\"1.0\" encoding=\"UTF-16\"?>\n"
    L"<Task version=\"1.2\" xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\">"
    L"<RegistrationInfo><Author>Mallory</Author></RegistrationInfo>"
    L"<Settings><Hidden>true</Hidden><Enabled>true</Enabled></Settings>"
    L"<Actions><Exec><Command>C:\\evil.exe</Command><Arguments>-x</Arguments></Exec></Actions></Task>";

struct Found {
  std::map<std::string, v1::ScheduledTask> tasks;
  std::map<std::string, v1::Failure> missing;
};

Found All() {
  const StateContext context;
  Found found;
  for (const v1::VolatileRecord& record : TaskRecords(context)) {
    if (record.has_scheduled_task()) found.tasks[record.scheduled_task().path()] = record.scheduled_task();
    if (record.has_missing()) found.missing[record.missing().what()] = record.missing().failure();
  }
  return found;
}

// Registers a task in the folder \Hozen and says how it is described, or deletes it.
absl::Status Change(bool make, const std::shared_ptr<v1::ScheduledTask>& described) {
  return RunInApartment(
      [make, described]() -> absl::Status {
        ComPointer<ITaskService> service;
        const VARIANT none = {};
        HRESULT result = ::CoCreateInstance(CLSID_TaskScheduler, nullptr, CLSCTX_INPROC_SERVER, __uuidof(ITaskService),
                                            service.ReceiveAny());
        if (SUCCEEDED(result)) result = service->Connect(none, none, none, none);
        ComPointer<ITaskFolder> root;
        const ComText path(L"\\"), name(L"Hozen\\Test"), folder(L"Hozen"), xml(kXml);
        if (SUCCEEDED(result)) result = service->GetFolder(path.get(), root.Receive());
        if (FAILED(result)) return ComStatus(result, "opening the scheduler");
        if (!make) {
          root->DeleteTask(name.get(), 0);
          root->DeleteFolder(folder.get(), 0);
          return absl::OkStatus();
        }
        ComPointer<ITaskFolder> made;
        root->CreateFolder(folder.get(), none, made.Receive());
        ComPointer<IRegisteredTask> task;
        result = root->RegisterTask(name.get(), xml.get(), TASK_CREATE_OR_UPDATE, none, none,
                                    TASK_LOGON_INTERACTIVE_TOKEN, none, task.Receive());
        if (SUCCEEDED(result)) DescribeTask(*task.get(), *described);
        return ComStatus(result, "registering a task");
      },
      absl::Minutes(1));
}

TEST(TaskStateTest, ATaskIsThereWithItsDefinition) {
  if (!StartForTest(L"Schedule")) GTEST_SKIP() << "this system has no task scheduler";
  const auto described = std::make_shared<v1::ScheduledTask>();
  const absl::Status made = Change(true, described);
  ASSERT_TRUE(made.ok()) << made;
  const Found found = All();
  EXPECT_TRUE(Change(false, described).ok());
  EXPECT_EQ(described->path(), "\\\\Hozen\\\\Test");
  EXPECT_THAT(described->xml(), HasSubstr("Mallory"));
  EXPECT_THAT(described->xml(), HasSubstr("<Hidden>true</Hidden>"));
  EXPECT_TRUE(described->enabled());
  EXPECT_EQ(described->state(), "ready");
  EXPECT_FALSE(described->has_last_run());
  EXPECT_EQ(described->author(), "Mallory");
  EXPECT_THAT(found.missing, Not(Contains(Key("tasks"))));
  if (found.missing.count("tasks of \\\\Hozen") != 0) {
    GTEST_SKIP() << "wine lists folders, but no tasks: " << found.missing.at("tasks of \\\\Hozen").ShortDebugString();
  }
  ASSERT_THAT(found.tasks, Contains(Key("\\\\Hozen\\\\Test")));
  EXPECT_TRUE(found.tasks.at("\\\\Hozen\\\\Test").hidden());
  EXPECT_THAT(found.tasks.at("\\\\Hozen\\\\Test").actions(), ElementsAre("C:\\\\evil.exe -x"));
}

TEST(TaskStateTest, ATaskThatIsInTheRegistryAloneIsFound) {
  const std::wstring id = L"{00000000-0000-0000-0000-000000000001}";
  ASSERT_EQ(::RegSetKeyValueW(HKEY_LOCAL_MACHINE, kTree, L"Id", REG_SZ, id.c_str(),
                              static_cast<DWORD>((id.size() + 1) * sizeof(wchar_t))),
            ERROR_SUCCESS);
  const Found found = All();
  ::RegDeleteTreeW(HKEY_LOCAL_MACHINE, kTree);
  ::RegDeleteKeyW(HKEY_LOCAL_MACHINE, kTree);
  ASSERT_THAT(found.tasks, Contains(Key("\\\\HozenHidden")));
  EXPECT_TRUE(found.tasks.at("\\\\HozenHidden").hidden());
  ASSERT_THAT(found.missing, Contains(Key("the task \\\\HozenHidden")));
  EXPECT_THAT(found.missing.at("the task \\\\HozenHidden").detail(), HasSubstr("no security descriptor"));
}

TEST(TaskNamesTest, NumbersHaveNames) {
  EXPECT_EQ(TaskStateName(4), "running");
  EXPECT_EQ(TaskStateName(9), "9");
  EXPECT_EQ(TaskTriggerName(0), "event");
  EXPECT_EQ(TaskTriggerName(8), "boot");
  EXPECT_EQ(TaskTriggerName(9), "logon");
  EXPECT_EQ(TaskTriggerName(11), "session_state_change");
  EXPECT_EQ(TaskTriggerName(99), "99");
}

}  // namespace
}  // namespace hozen
