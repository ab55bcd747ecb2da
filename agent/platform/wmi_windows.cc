#include <windows.h>
// After windows.h.
#include <objbase.h>
#include <oleauto.h>
#include <wbemidl.h>

#include <algorithm>
#include <array>
#include <deque>
#include <iterator>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "agent/platform/com_windows.h"
#include "agent/platform/wmi.h"
#include "agent/platform/wmi_object_windows.h"
#include "core/base/concat.h"
#include "core/base/native_error.h"
#include "core/base/printable.h"
#include "core/base/windows_text.h"

namespace hozen {
namespace {

constexpr size_t kMostHeldBytes = size_t{4} << 20;
constexpr LONG kWaitMs = 250;
constexpr ULONG kObjectsAtOnce = 16;

// WMI's own errors, which FormatMessage does not know
// (https://learn.microsoft.com/en-us/windows/win32/wmisdk/wmi-error-constants).
struct Meaning {
  uint32_t result;
  absl::StatusCode code;
  std::string_view words;
};
constexpr Meaning kMeanings[] = {
    {0x80041001, absl::StatusCode::kUnknown, "WMI failed"},
    {0x80041002, absl::StatusCode::kNotFound, "there is no such object"},
    {0x80041003, absl::StatusCode::kPermissionDenied, "access is denied"},
    {0x80041004, absl::StatusCode::kUnknown, "its provider failed"},
    {0x8004100C, absl::StatusCode::kUnimplemented, "its provider cannot answer that"},
    {0x8004100E, absl::StatusCode::kNotFound, "this host has no such namespace"},
    {0x80041010, absl::StatusCode::kNotFound, "this host has no such class"},
    {0x80041011, absl::StatusCode::kNotFound, "this host has no provider for it"},
    {0x80041013, absl::StatusCode::kUnimplemented, "its provider cannot be loaded"},
    {0x80041014, absl::StatusCode::kUnknown, "a component of it could not start"},
    {0x80041017, absl::StatusCode::kUnimplemented, "WMI does not understand the query"},
    {0x80041018, absl::StatusCode::kUnimplemented, "WMI does not know the query's language"},
    {0x80041024, absl::StatusCode::kUnimplemented, "its provider cannot answer that"},
    {0x80041033, absl::StatusCode::kUnavailable, "WMI is ending"},
    {0x80041045, absl::StatusCode::kUnavailable, "WMI's transport failed"},
    {0x8004106C, absl::StatusCode::kResourceExhausted, "WMI's quota was exceeded"},
};

absl::Status WmiStatus(HRESULT result, std::string_view what) {
  const auto number = static_cast<uint32_t>(result);
  const auto* const found = std::find_if(std::begin(kMeanings), std::end(kMeanings),
                                         [&](const Meaning& each) { return each.result == number; });
  if (found == std::end(kMeanings)) return ComStatus(result, what);
  absl::Status status(found->code,
                      Concat(what, ": ", found->words, " (WMI error 0x", absl::Hex(number, absl::kZeroPad8), ")"));
  status.SetPayload(kWin32ErrorPayload, absl::Cord(Concat(static_cast<int32_t>(number))));
  return status;
}

// Where the thread that asks and the one that takes meet. Both own it: the first may be left behind. Thread-safe.
class Answer {
 public:
  // False: nobody wants it any more.
  bool Put(WmiObject object) {
    absl::MutexLock lock(&mutex_);
    waits_for_room_ = true;
    mutex_.Await(absl::Condition(
        +[](Answer* answer) {
          answer->mutex_.AssertHeld();
          return answer->abandoned_ || answer->held_bytes_ < kMostHeldBytes;
        },
        this));
    waits_for_room_ = false;
    heard_ = absl::Now();
    if (abandoned_) return false;
    held_bytes_ += object.size_bytes;
    held_.push_back(std::move(object));
    return true;
  }

  bool abandoned() const {
    absl::MutexLock lock(&mutex_);
    return abandoned_;
  }

  std::deque<WmiObject> TakeAll() {
    absl::MutexLock lock(&mutex_);
    held_bytes_ = 0;
    return std::exchange(held_, {});
  }

  bool IsSilentFor(absl::Duration silence) const {
    absl::MutexLock lock(&mutex_);
    return !waits_for_room_ && held_.empty() && absl::Now() - heard_ > silence;
  }

  void Abandon() {
    absl::MutexLock lock(&mutex_);
    abandoned_ = true;
  }

 private:
  mutable absl::Mutex mutex_;
  std::deque<WmiObject> held_ ABSL_GUARDED_BY(mutex_);
  size_t held_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Time heard_ ABSL_GUARDED_BY(mutex_) = absl::Now();
  bool waits_for_room_ ABSL_GUARDED_BY(mutex_) = false;
  bool abandoned_ ABSL_GUARDED_BY(mutex_) = false;
};

// A server may act as us, to look at what we may look at. Where the object is no proxy there is nothing to say.
void LetImpersonate(IUnknown* proxy) {
  ::CoSetProxyBlanket(proxy, RPC_C_AUTHN_WINNT, RPC_C_AUTHZ_NONE, nullptr, RPC_C_AUTHN_LEVEL_PKT_PRIVACY,
                      RPC_C_IMP_LEVEL_IMPERSONATE, nullptr, EOAC_NONE);
}

absl::Status ReadAll(IEnumWbemClassObject& enumerator, std::string_view query, Answer& answer) {
  while (!answer.abandoned()) {
    std::array<IWbemClassObject*, kObjectsAtOnce> raw = {};
    ULONG count = 0;
    const HRESULT result = enumerator.Next(kWaitMs, kObjectsAtOnce, raw.data(), &count);
    std::array<ComPointer<IWbemClassObject>, kObjectsAtOnce> objects;
    for (ULONG i = 0; i < kObjectsAtOnce; ++i) objects[i] = ComPointer<IWbemClassObject>(raw[i]);
    for (const ComPointer<IWbemClassObject>& object : objects) {
      if (object && !answer.Put(WmiObjectOf(*object.get()))) return absl::CancelledError("nobody wants the answer");
    }
    if (FAILED(result)) return WmiStatus(result, query);
    if (result == static_cast<HRESULT>(WBEM_S_FALSE)) return absl::OkStatus();
    // As if all were timed out, where a provider gives nothing and says nothing.
  }
  return absl::CancelledError("nobody wants the answer");
}

absl::Status Ask(const WmiQuestion& question, Answer& answer) {
  ComPointer<IWbemLocator> locator;
  if (const HRESULT result =
          ::CoCreateInstance(CLSID_WbemLocator, nullptr, CLSCTX_INPROC_SERVER, IID_IWbemLocator, locator.ReceiveAny());
      FAILED(result)) {
    return WmiStatus(result, "Reaching WMI");
  }
  const ComText name_space(WideOfWtf8(question.name_space));
  ComPointer<IWbemServices> services;
  if (const HRESULT result =
          locator->ConnectServer(name_space.get(), nullptr, nullptr, nullptr, WBEM_FLAG_CONNECT_USE_MAX_WAIT, nullptr,
                                 nullptr, services.Receive());
      FAILED(result)) {
    return WmiStatus(result, Printable(question.name_space));
  }
  LetImpersonate(services.get());
  const std::string said = Printable(question.query);
  const ComText language(L"WQL");
  const ComText query(WideOfWtf8(question.query));
  ComPointer<IEnumWbemClassObject> enumerator;
  if (const HRESULT result =
          services->ExecQuery(language.get(), query.get(), WBEM_FLAG_FORWARD_ONLY | WBEM_FLAG_RETURN_IMMEDIATELY,
                              nullptr, enumerator.Receive());
      FAILED(result)) {
    return WmiStatus(result, said);
  }
  LetImpersonate(enumerator.get());
  return ReadAll(*enumerator.get(), said, answer);
}

}  // namespace

absl::Status AskWmi(const WmiQuestion& question, const std::function<absl::Status(WmiObject)>& on_object,
                    const std::function<bool()>& keep_on) {
  const auto answer = std::make_shared<Answer>();
  absl::Status refused;
  bool silent = false;
  const auto take = [&] {
    for (WmiObject& object : answer->TakeAll()) {
      refused = on_object(std::move(object));
      if (!refused.ok()) return false;
    }
    silent = answer->IsSilentFor(question.silence);
    return !silent && keep_on();
  };
  const absl::Status asked =
      RunInApartment([question, answer] { return Ask(question, *answer); }, absl::InfiniteDuration(),
                     [&take, &answer] {
                       const bool on = take();
                       if (!on) answer->Abandon();
                       return on;
                     });
  if (!refused.ok()) return refused;
  if (silent) {
    return absl::DeadlineExceededError(
        Concat(Printable(question.query), ": no answer for ", absl::FormatDuration(question.silence)));
  }
  if (absl::IsCancelled(asked)) return asked;
  for (WmiObject& object : answer->TakeAll()) {
    if (refused = on_object(std::move(object)); !refused.ok()) return refused;
  }
  return asked;
}

}  // namespace hozen
