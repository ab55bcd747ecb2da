#include "agent/platform/com_windows.h"

#include <windows.h>
// After windows.h.
#include <objbase.h>
#include <oleauto.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/strings/cord.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "core/base/concat.h"
#include "core/base/native_error.h"
#include "core/base/windows_error.h"

namespace hozen {
namespace {

constexpr absl::Duration kLook = absl::Milliseconds(100);
// For a call that was cancelled to come back.
constexpr absl::Duration kGrace = absl::Seconds(5);

absl::Status WithNumber(absl::Status status, int32_t number) {
  status.SetPayload(kWin32ErrorPayload, absl::Cord(Concat(number)));
  return status;
}

// Leaves when it goes, where it could enter.
class Apartment {
 public:
  Apartment() : result_(::CoInitializeEx(nullptr, COINIT_MULTITHREADED | COINIT_DISABLE_OLE1DDE)) {
    if (FAILED(result_)) return;
    // Once for a process; too late is what it says the next time. VSS, WMI and BITS refuse those who may not be
    // impersonated.
    ::CoInitializeSecurity(nullptr, -1, nullptr, nullptr, RPC_C_AUTHN_LEVEL_PKT_PRIVACY, RPC_C_IMP_LEVEL_IMPERSONATE,
                           nullptr, EOAC_NONE, nullptr);
    // Counted with the apartment; where it is not to be had, a call that hangs is left behind.
    ::CoEnableCallCancellation(nullptr);
  }
  Apartment(const Apartment&) = delete;
  Apartment& operator=(const Apartment&) = delete;
  ~Apartment() {
    if (FAILED(result_)) return;
    ::CoDisableCallCancellation(nullptr);
    ::CoUninitialize();
  }

  HRESULT result() const { return result_; }

 private:
  const HRESULT result_;
};

// Where the two threads meet. Both own it: one may be left behind.
struct Meeting {
  absl::Mutex mutex;
  std::optional<absl::Status> end ABSL_GUARDED_BY(mutex);
  DWORD thread ABSL_GUARDED_BY(mutex) = 0;
};

void Work(Meeting& meeting, const std::function<absl::Status()>& work) {
  {
    absl::MutexLock lock(&meeting.mutex);
    meeting.thread = ::GetCurrentThreadId();
  }
  absl::Status status;
  {
    const Apartment apartment;
    status = FAILED(apartment.result()) ? ComStatus(apartment.result(), "Entering COM") : work();
  }
  absl::MutexLock lock(&meeting.mutex);
  meeting.end = std::move(status);
}

bool Await(Meeting& meeting, absl::Duration time) {
  absl::MutexLock lock(&meeting.mutex);
  return meeting.mutex.AwaitWithTimeout(absl::Condition(
                                            +[](Meeting* at) { return at->end.has_value(); }, &meeting),
                                        time);
}

}  // namespace

ComText::ComText(std::wstring_view text) : text_(::SysAllocStringLen(text.data(), static_cast<UINT>(text.size()))) {}

ComText::~ComText() { ::SysFreeString(text_); }

wchar_t** ComText::Receive() {
  ::SysFreeString(std::exchange(text_, nullptr));
  return &text_;
}

std::wstring_view ComText::view() const {
  return text_ == nullptr ? std::wstring_view() : std::wstring_view(text_, ::SysStringLen(text_));
}

ComTaskText::~ComTaskText() { ::CoTaskMemFree(text_); }

wchar_t** ComTaskText::Receive() {
  ::CoTaskMemFree(std::exchange(text_, nullptr));
  return &text_;
}

absl::Status ComStatus(int32_t result, std::string_view what) {
  const auto code = static_cast<uint32_t>(HRESULT_CODE(result));
  if (SUCCEEDED(result)) return absl::OkStatus();
  const bool is_win32 = HRESULT_FACILITY(result) == FACILITY_WIN32;
  const absl::Status said = is_win32 ? Win32Status(code, what) : Win32Status(static_cast<uint32_t>(result), what);
  switch (static_cast<uint32_t>(result)) {
    case static_cast<uint32_t>(REGDB_E_CLASSNOTREG):
    case static_cast<uint32_t>(CO_E_CLASSSTRING):
    case static_cast<uint32_t>(E_NOINTERFACE):
    case static_cast<uint32_t>(E_NOTIMPL):
      return WithNumber(absl::UnimplementedError(said.message()), result);
    case static_cast<uint32_t>(RPC_E_CALL_CANCELED):
      return WithNumber(absl::DeadlineExceededError(said.message()), result);
    default:
      break;
  }
  if (is_win32 && (code == ERROR_SERVICE_DISABLED || code == ERROR_SERVICE_DOES_NOT_EXIST)) {
    return WithNumber(absl::UnimplementedError(said.message()), static_cast<int32_t>(code));
  }
  return is_win32 ? said : WithNumber(said, result);
}

absl::Status RunInApartment(std::function<absl::Status()> work, absl::Duration most,
                            const std::function<bool()>& keep_on) {
  const auto meeting = std::make_shared<Meeting>();
  std::thread thread([meeting, work = std::move(work)] { Work(*meeting, work); });
  const absl::Time until = absl::Now() + most;
  bool go_on = true;
  while (go_on && absl::Now() < until && !Await(*meeting, kLook)) {
    go_on = !keep_on || keep_on();
  }
  if (!Await(*meeting, absl::ZeroDuration())) {
    DWORD id = 0;
    {
      absl::MutexLock lock(&meeting->mutex);
      id = meeting->thread;
    }
    // The next call that it makes may hang as well.
    for (absl::Duration waited; waited < kGrace && !Await(*meeting, kLook); waited += kLook) ::CoCancelCall(id, 0);
  }
  if (!Await(*meeting, absl::ZeroDuration())) {
    thread.detach();
    return go_on ? absl::DeadlineExceededError("A component of the system does not answer")
                 : absl::CancelledError("Collecting ends");
  }
  thread.join();
  absl::MutexLock lock(&meeting->mutex);
  return *meeting->end;
}

}  // namespace hozen
