#include "agent/volatile/windows/startup/task_state.h"

#include <windows.h>
// After windows.h.
#include <oleauto.h>
#include <taskschd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "agent/acquire/failure.h"
#include "agent/platform/com_windows.h"
#include "agent/volatile/record_source.h"
#include "agent/volatile/windows/collected_records.h"
#include "agent/volatile/windows/host_values.h"
#include "agent/volatile/windows/startup/cached_tasks.h"
#include "agent/volatile/windows/startup/running_service.h"
#include "agent/volatile/windows/startup/task_definition.h"
#include "core/base/concat.h"
#include "core/base/windows_text.h"

namespace hozen {
namespace {

constexpr absl::Duration kMostTime = absl::Minutes(5);
constexpr size_t kMostTasks = 65'536;
constexpr int kMostDepth = 64;
constexpr LONG kMostAtOnce = 65'536;  // of one folder

// Collections of Automation count from 1.
VARIANT Index(LONG index) {
  VARIANT variant = {};
  variant.vt = VT_I4;
  variant.lVal = index;
  return variant;
}

class Scheduler {
 public:
  explicit Scheduler(CollectedRecords& records) : records_(records) {}

  absl::Status Collect() {
    ComPointer<ITaskService> service;
    HRESULT result = ::CoCreateInstance(CLSID_TaskScheduler, nullptr, CLSCTX_INPROC_SERVER, __uuidof(ITaskService),
                                        service.ReceiveAny());
    if (FAILED(result)) return ComStatus(result, "Asking the task scheduler");
    const VARIANT none = {};  // this host, and whoever we are
    result = service->Connect(none, none, none, none);
    if (FAILED(result)) return ComStatus(result, "Connecting to the task scheduler");
    ListRunning(*service.get());
    ComPointer<ITaskFolder> root;
    const ComText path(L"\\");
    result = service->GetFolder(path.get(), root.Receive());
    if (FAILED(result)) return ComStatus(result, "Asking the task scheduler for its folders");
    return CollectFolder(*root.get(), 0);
  }

 private:
  void ListRunning(ITaskService& service) {
    ComPointer<IRunningTaskCollection> running;
    LONG count = 0;
    HRESULT result = service.GetRunningTasks(TASK_ENUM_HIDDEN, running.Receive());
    if (SUCCEEDED(result) && running) result = running->get_Count(&count);
    if (FAILED(result)) {
      records_.Add(MissingRecord("running tasks", FailureOf(ComStatus(result, "Asking which tasks run"))));
      return;
    }
    for (LONG i = 1; i <= std::min(count, kMostAtOnce); ++i) {
      ComPointer<IRunningTask> task;
      ComText path;
      DWORD pid = 0;
      // It may have ended meanwhile.
      if (FAILED(running->get_Item(Index(i), task.Receive())) || FAILED(task->get_Path(path.Receive())) ||
          FAILED(task->get_EnginePID(&pid))) {
        continue;
      }
      pids_[WideText(path.view())].insert(static_cast<int32_t>(pid));
    }
  }

  absl::Status CollectFolder(ITaskFolder& folder, int depth) {
    if (depth > kMostDepth) return absl::ResourceExhaustedError("folders of tasks are nested too deep");
    ComText path;
    folder.get_Path(path.Receive());
    const std::string what = Concat("tasks of ", Wtf8OfWide(path.view()));
    ComPointer<IRegisteredTaskCollection> tasks;
    LONG count = 0;
    HRESULT result = folder.GetTasks(TASK_ENUM_HIDDEN, tasks.Receive());
    if (SUCCEEDED(result)) result = tasks->get_Count(&count);
    if (FAILED(result)) records_.Add(MissingRecord(what, FailureOf(ComStatus(result, "Listing them"))));
    for (LONG i = 1; SUCCEEDED(result) && i <= count; ++i) {
      if (++made_ > kMostTasks) return absl::ResourceExhaustedError(Concat("only ", kMostTasks, " are here"));
      ComPointer<IRegisteredTask> task;
      const HRESULT got = tasks->get_Item(Index(i), task.Receive());
      if (FAILED(got)) {
        records_.Add(MissingRecord(what, FailureOf(ComStatus(got, "Asking for one of them"))));
      } else if (!CollectTask(*task.get())) {
        return absl::OkStatus();
      }
    }
    ComPointer<ITaskFolderCollection> folders;
    result = folder.GetFolders(0, folders.Receive());
    if (SUCCEEDED(result)) result = folders->get_Count(&count);
    if (FAILED(result)) records_.Add(MissingRecord(what, FailureOf(ComStatus(result, "Listing folders"))));
    for (LONG i = 1; SUCCEEDED(result) && i <= std::min(count, kMostAtOnce); ++i) {
      ComPointer<ITaskFolder> below;
      if (FAILED(folders->get_Item(Index(i), below.Receive()))) continue;
      const absl::Status status = CollectFolder(*below.get(), depth + 1);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  bool CollectTask(IRegisteredTask& registered) {
    v1::VolatileRecord record;
    v1::ScheduledTask& task = *record.mutable_scheduled_task();
    DescribeTask(registered, task);
    for (const int32_t pid : pids_[task.path()]) task.add_pids(pid);
    return records_.Add(std::move(record));
  }

  CollectedRecords& records_;
  size_t made_ = 0;
  std::map<std::string, std::set<int32_t>> pids_;
};

// Names of tasks differ in nothing but the case of a letter where they are the same task.
std::string LowerText(const std::string& printable) {
  std::string text = printable;
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter; });
  return text;
}

// Tasks that the scheduler did not list although its registry has them.
void AddUnlisted(std::vector<v1::VolatileRecord>& records) {
  std::set<std::string> listed;
  for (const v1::VolatileRecord& record : records) {
    if (record.has_scheduled_task()) listed.insert(LowerText(record.scheduled_task().path()));
  }
  std::vector<CachedTask> cached;
  const absl::Status status = AddCachedTasks(cached);
  if (!status.ok()) records.push_back(MissingRecord("tasks in the registry", FailureOf(status)));
  for (const CachedTask& task : cached) {
    if (listed.count(LowerText(WideText(task.path))) != 0) continue;
    v1::ScheduledTask& added = *records.emplace_back().mutable_scheduled_task();
    added.set_path(WideText(task.path));
    added.set_author(WideText(task.author));
    added.set_hidden(true);
    const std::string why = Concat("It is in the registry alone, as ", WideText(task.id),
                                   task.has_security_descriptor
                                       ? ": the scheduler does not list it"
                                       : ", and has no security descriptor, so that the scheduler does not list it");
    v1::VolatileRecord& missing = records.emplace_back();
    missing.mutable_missing()->set_what(Concat("the task ", WideText(task.path)));
    *missing.mutable_missing()->mutable_failure() = MakeFailure(v1::CAUSE_NOT_FOUND, why);
  }
}

}  // namespace

std::vector<v1::VolatileRecord> TaskRecords(const StateContext& context) {
  const auto records = std::make_shared<CollectedRecords>();
  absl::Status status = CheckServiceRuns(L"Schedule");
  if (status.ok()) {
    status = RunInApartment([records] { return Scheduler(*records).Collect(); }, kMostTime, context.keep_on);
  }
  std::vector<v1::VolatileRecord> taken = records->Take();
  if (!status.ok()) {
    v1::Failure failure = FailureOf(status);
    if (absl::IsResourceExhausted(status)) failure.set_cause(v1::CAUSE_LIMIT_ITEMS);
    if (absl::IsCancelled(status)) failure.set_cause(v1::CAUSE_TIMED_OUT);
    taken.push_back(MissingRecord("tasks", std::move(failure)));
  }
  if (!absl::IsCancelled(status)) AddUnlisted(taken);
  return taken;
}

}  // namespace hozen
