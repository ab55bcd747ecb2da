#include "agent/volatile/windows/startup/bits_state.h"

#include <windows.h>
// After windows.h.
#include <bits.h>
// After bits.h.
#include <bits1_5.h>

#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "agent/acquire/failure.h"
#include "agent/platform/com_windows.h"
#include "agent/volatile/record_source.h"
#include "agent/volatile/windows/collected_records.h"
#include "agent/volatile/windows/host_values.h"
#include "agent/volatile/windows/startup/running_service.h"
#include "core/base/concat.h"

namespace hozen {
namespace {

constexpr absl::Duration kMostTime = absl::Minutes(2);
constexpr size_t kMostJobs = 4'096;
constexpr size_t kMostFiles = 4'096;  // of one job

constexpr std::string_view kKinds[] = {"download", "upload", "upload_reply"};
constexpr std::string_view kStates[] = {"queued",          "connecting",  "transferring", "suspended", "error",
                                        "transient_error", "transferred", "acknowledged", "cancelled"};
constexpr std::string_view kPriorities[] = {"foreground", "high", "normal", "low"};

template <size_t size>
std::string NameOf(int number, const std::string_view (&names)[size]) {
  return number >= 0 && static_cast<size_t>(number) < size ? std::string(names[number]) : Concat(number);
}

uint64_t Ticks(const FILETIME& time) { return uint64_t{time.dwHighDateTime} << 32 | time.dwLowDateTime; }

uint64_t Known(uint64_t size) { return size == BG_SIZE_UNKNOWN ? 0 : size; }

// A text that a job says of itself; empty where it does not.
template <typename Object>
std::string TextOf(const ComPointer<Object>& object, HRESULT (STDMETHODCALLTYPE Object::*get)(LPWSTR*)) {
  ComTaskText text;
  return SUCCEEDED((object.get()->*get)(text.Receive())) ? WideText(text.view()) : std::string();
}

void AddTimes(const ComPointer<IBackgroundCopyJob>& job, v1::BitsJob& record) {
  BG_JOB_TIMES times = {};
  if (FAILED(job->GetTimes(&times))) return;
  if (const auto at = TimeOfFiletime(Ticks(times.CreationTime)); at.has_value()) *record.mutable_created() = *at;
  if (const auto at = TimeOfFiletime(Ticks(times.ModificationTime)); at.has_value()) *record.mutable_modified() = *at;
  if (const auto at = TimeOfFiletime(Ticks(times.TransferCompletionTime)); at.has_value()) {
    *record.mutable_transferred() = *at;
  }
}

void AddNumbers(const ComPointer<IBackgroundCopyJob>& job, v1::BitsJob& record) {
  GUID id = {};
  if (SUCCEEDED(job->GetId(&id))) record.set_id(GuidText(&id));
  BG_JOB_TYPE type = {};
  if (SUCCEEDED(job->GetType(&type))) record.set_kind(NameOf(static_cast<int>(type), kKinds));
  BG_JOB_STATE state = {};
  if (SUCCEEDED(job->GetState(&state))) record.set_state(NameOf(static_cast<int>(state), kStates));
  BG_JOB_PRIORITY priority = {};
  if (SUCCEEDED(job->GetPriority(&priority))) record.set_priority(NameOf(static_cast<int>(priority), kPriorities));
  BG_JOB_PROGRESS progress = {};
  if (SUCCEEDED(job->GetProgress(&progress))) {
    record.set_size_bytes(Known(progress.BytesTotal));
    record.set_transferred_bytes(progress.BytesTransferred);
  }
}

// What is run when it ends: the way by which a job stays on a host.
void AddNotifyCommand(const ComPointer<IBackgroundCopyJob>& job, v1::BitsJob& record) {
  ComPointer<IBackgroundCopyJob2> second;
  if (FAILED(job->QueryInterface(__uuidof(IBackgroundCopyJob2), second.ReceiveAny()))) return;
  ComTaskText program, parameters;
  if (FAILED(second->GetNotifyCmdLine(program.Receive(), parameters.Receive()))) return;
  const std::string command = WideText(program.view());
  const std::string arguments = WideText(parameters.view());
  record.set_notify_command(Concat(command, command.empty() || arguments.empty() ? "" : " ", arguments));
}

void AddError(const ComPointer<IBackgroundCopyJob>& job, v1::BitsJob& record) {
  ComPointer<IBackgroundCopyError> error;
  if (FAILED(job->GetError(error.Receive())) || !error) return;
  BG_ERROR_CONTEXT context = {};
  HRESULT code = S_OK;
  if (FAILED(error->GetError(&context, &code))) return;
  record.set_error(Concat("0x", absl::Hex(static_cast<uint32_t>(code), absl::kZeroPad8)));
}

HRESULT AddFiles(const ComPointer<IBackgroundCopyJob>& job, v1::BitsJob& record) {
  ComPointer<IEnumBackgroundCopyFiles> files;
  const HRESULT listed = job->EnumFiles(files.Receive());
  if (FAILED(listed)) return listed;
  for (size_t count = 0; count < kMostFiles; ++count) {
    ComPointer<IBackgroundCopyFile> file;
    ULONG got = 0;
    const HRESULT next = files->Next(1, file.Receive(), &got);
    if (next != S_OK || got == 0) return FAILED(next) ? next : S_OK;
    v1::BitsJob::File& added = *record.add_files();
    added.set_remote(TextOf(file, &IBackgroundCopyFile::GetRemoteName));
    added.set_local(TextOf(file, &IBackgroundCopyFile::GetLocalName));
    BG_FILE_PROGRESS progress = {};
    if (FAILED(file->GetProgress(&progress))) continue;
    added.set_size_bytes(Known(progress.BytesTotal));
    added.set_transferred_bytes(progress.BytesTransferred);
    added.set_complete(progress.Completed != FALSE);
  }
  return HRESULT_FROM_WIN32(ERROR_TOO_MANY_NAMES);
}

absl::Status Collect(CollectedRecords& records) {
  ComPointer<IBackgroundCopyManager> manager;
  HRESULT result = ::CoCreateInstance(__uuidof(BackgroundCopyManager), nullptr, CLSCTX_LOCAL_SERVER,
                                      __uuidof(IBackgroundCopyManager), manager.ReceiveAny());
  if (FAILED(result)) return ComStatus(result, "Asking BITS");
  ComPointer<IEnumBackgroundCopyJobs> jobs;
  result = manager->EnumJobs(BG_JOB_ENUM_ALL_USERS, jobs.Receive());
  if (result == E_ACCESSDENIED) {
    // Nobody but administrators may see those of others.
    records.Add(MissingRecord("other users' jobs", FailureOf(ComStatus(result, "Asking BITS for jobs"))));
    result = manager->EnumJobs(0, jobs.Receive());
  }
  if (FAILED(result)) return ComStatus(result, "Asking BITS for jobs");
  for (size_t count = 0;; ++count) {
    ComPointer<IBackgroundCopyJob> job;
    ULONG got = 0;
    result = jobs->Next(1, job.Receive(), &got);
    if (FAILED(result)) return ComStatus(result, "Asking BITS for the next job");
    if (result != S_OK || got == 0) return absl::OkStatus();
    if (count == kMostJobs) return absl::ResourceExhaustedError(Concat("only ", kMostJobs, " are here"));
    v1::VolatileRecord record;
    v1::BitsJob& added = *record.mutable_bits_job();
    added.set_name(TextOf(job, &IBackgroundCopyJob::GetDisplayName));
    added.set_description(TextOf(job, &IBackgroundCopyJob::GetDescription));
    added.set_owner(TextOf(job, &IBackgroundCopyJob::GetOwner));
    AddNumbers(job, added);
    AddTimes(job, added);
    AddNotifyCommand(job, added);
    AddError(job, added);
    result = AddFiles(job, added);
    const std::string what = Concat("files of the job ", added.id());
    if (!records.Add(std::move(record))) return absl::OkStatus();
    if (FAILED(result)) records.Add(MissingRecord(what, FailureOf(ComStatus(result, "Asking BITS for its files"))));
  }
}

}  // namespace

std::vector<v1::VolatileRecord> BitsRecords(const StateContext& context) {
  const auto records = std::make_shared<CollectedRecords>();
  absl::Status status = CheckServiceRuns(L"BITS");
  if (status.ok()) status = RunInApartment([records] { return Collect(*records); }, kMostTime, context.keep_on);
  std::vector<v1::VolatileRecord> taken = records->Take();
  if (status.ok()) return taken;
  v1::Failure failure = FailureOf(status);
  if (absl::IsResourceExhausted(status)) failure.set_cause(v1::CAUSE_LIMIT_ITEMS);
  if (absl::IsCancelled(status)) failure.set_cause(v1::CAUSE_TIMED_OUT);
  taken.push_back(MissingRecord("jobs of BITS", std::move(failure)));
  return taken;
}

}  // namespace hozen
