#include "agent/volatile/windows/process/handle_names.h"

#include <windows.h>
// After windows.h.
#include <winternl.h>

#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "agent/volatile/windows/kernel_answers.h"
#include "core/base/windows_text.h"

namespace hozen {
namespace {

constexpr int kNameInformation = 1;      // OBJECT_NAME_INFORMATION: a UNICODE_STRING and its text
constexpr int kTypeInformation = 2;      // OBJECT_TYPE_INFORMATION begins with the type's name
constexpr size_t kAnswerBytes = 66'000;  // the longest text and what stands before it
constexpr absl::Duration kPatience = absl::Milliseconds(200);
constexpr int kMostLeftAlone = 32;

// https://learn.microsoft.com/windows/win32/api/winternl/nf-winternl-ntqueryobject
absl::StatusOr<std::wstring> AskKernel(HANDLE handle, int information, std::string_view what) {
  Answer answer;
  answer.bytes.resize(kAnswerBytes);
  answer.address = reinterpret_cast<uintptr_t>(answer.bytes.data());
  ULONG size = 0;
  const NTSTATUS status = ::NtQueryObject(handle, static_cast<OBJECT_INFORMATION_CLASS>(information),
                                          answer.bytes.data(), kAnswerBytes, &size);
  if (status < 0) return NtStatus(status, what);
  return TextAt(answer, 0).value_or(L"");
}

absl::StatusOr<std::wstring> AskName(HANDLE handle) {
  return AskKernel(handle, kNameInformation, "Asking for its name");
}

}  // namespace

// The thread that asks, and what it and the one who waits for it have in common. It lives as long as either.
struct HandleNames::Asker {
  absl::Mutex mutex;
  WindowsHandle question ABSL_GUARDED_BY(mutex);
  std::optional<absl::StatusOr<std::wstring>> answer ABSL_GUARDED_BY(mutex);
  bool asking ABSL_GUARDED_BY(mutex) = false;
  bool over ABSL_GUARDED_BY(mutex) = false;

  bool HasWork() const ABSL_SHARED_LOCKS_REQUIRED(mutex) { return over || asking; }
  bool HasAnswer() const ABSL_SHARED_LOCKS_REQUIRED(mutex) { return answer.has_value(); }

  void Run() {
    while (true) {
      WindowsHandle handle;
      {
        const absl::MutexLock lock(&mutex);
        mutex.Await(absl::Condition(this, &Asker::HasWork));
        if (over) return;
        handle = std::move(question);
      }
      absl::StatusOr<std::wstring> name = AskName(handle.get());
      handle = WindowsHandle();
      const absl::MutexLock lock(&mutex);
      asking = false;
      answer.emplace(std::move(name));
    }
  }
};

HandleNames::HandleNames(const DevicePaths& paths) : paths_(paths) {}

HandleNames::~HandleNames() {
  if (asker_ == nullptr) return;
  const absl::MutexLock lock(&asker_->mutex);
  asker_->over = true;
}

absl::StatusOr<std::string> HandleNames::TypeOf(void* handle) {
  const absl::StatusOr<std::wstring> type = AskKernel(handle, kTypeInformation, "Asking for its type");
  if (!type.ok()) return type.status();
  return Wtf8OfWide(*type);
}

absl::StatusOr<std::wstring> HandleNames::AskInTime(WindowsHandle handle) {
  if (left_alone_ >= kMostLeftAlone) {
    return absl::DeadlineExceededError("too many files before it did not answer, so it was not asked");
  }
  if (asker_ == nullptr) {
    asker_ = std::make_shared<Asker>();
    // Nothing can end a question to the kernel, so this thread may have to be left behind; it holds what it needs.
    std::thread([asker = asker_] { asker->Run(); }).detach();
  }
  const std::shared_ptr<Asker> asker = asker_;
  const absl::MutexLock lock(&asker->mutex);
  asker->question = std::move(handle);
  asker->answer.reset();
  asker->asking = true;
  if (!asker->mutex.AwaitWithTimeout(absl::Condition(asker.get(), &Asker::HasAnswer), kPatience)) {
    asker->over = true;
    asker_.reset();
    ++left_alone_;
    return absl::DeadlineExceededError("it did not answer: a read or write of its process waits on it");
  }
  return *std::move(asker->answer);
}

absl::StatusOr<std::string> HandleNames::NameOf(WindowsHandle handle, std::string_view type) {
  const bool is_file = type == "File";
  absl::StatusOr<std::wstring> name = is_file ? AskInTime(std::move(handle)) : AskName(handle.get());
  if (!name.ok()) return name.status();
  if (!is_file) return Wtf8OfWide(*name);
  // What has no place among files, a pipe, a socket, keeps the kernel's name.
  const std::wstring path = paths_.PathOfDevice(*name);
  return Wtf8OfWide(path.rfind(LR"(\\?\)", 0) == 0 ? *name : path);
}

}  // namespace hozen
