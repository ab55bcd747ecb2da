// COM without leaks: pointers and texts that are released, and threads that enter and leave it. For *_windows.cc files
// and those of agent/volatile/windows alone.
#ifndef HOZEN_AGENT_PLATFORM_COM_WINDOWS_H_
#define HOZEN_AGENT_PLATFORM_COM_WINDOWS_H_

#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace hozen {

// Owns one reference to an object. Thread-compatible; it must go before its thread leaves the apartment.
template <typename Interface>
class ComPointer {
 public:
  ComPointer() = default;
  // Takes over the caller's reference.
  explicit ComPointer(Interface* object) : object_(object) {}
  ComPointer(ComPointer&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  ComPointer& operator=(ComPointer&& other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~ComPointer() { Reset(); }

  Interface* get() const { return object_; }
  Interface* operator->() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }
  // Where a call puts what it gives; what was here before is released. The second is for QueryInterface and its like,
  // to be asked for by the id of this very interface: __uuidof(Interface).
  Interface** Receive() {
    Reset();
    return &object_;
  }
  void** ReceiveAny() { return reinterpret_cast<void**>(Receive()); }

 private:
  void Reset() {
    if (object_ != nullptr) std::exchange(object_, nullptr)->Release();
  }

  Interface* object_ = nullptr;
};

// Owns a BSTR (https://learn.microsoft.com/en-us/previous-versions/windows/desktop/automat/bstr), which may hold zeros
// and may be null, which is empty. Thread-compatible.
class ComText {
 public:
  ComText() = default;
  // A copy; null where there is no memory for it.
  explicit ComText(std::wstring_view text);
  ComText(ComText&& other) noexcept : text_(std::exchange(other.text_, nullptr)) {}
  ComText& operator=(ComText&& other) noexcept {
    std::swap(text_, other.text_);
    return *this;
  }
  ~ComText();

  wchar_t* get() const { return text_; }
  // Where a call puts what it gives; what was here before is freed.
  wchar_t** Receive();
  std::wstring_view view() const;

 private:
  wchar_t* text_ = nullptr;
};

// What COM allocated and CoTaskMemFree frees, of the calls that give LPWSTR. As ComText, but ended by a zero.
class ComTaskText {
 public:
  ComTaskText() = default;
  ComTaskText(const ComTaskText&) = delete;
  ComTaskText& operator=(const ComTaskText&) = delete;
  ~ComTaskText();

  wchar_t** Receive();
  std::wstring_view view() const { return text_ == nullptr ? std::wstring_view() : text_; }

 private:
  wchar_t* text_ = nullptr;
};

// What an HRESULT says: as Win32Status where it stands for an error of Win32; Unimplemented for a class or an interface
// that this host lacks and for a service that is disabled; DeadlineExceeded for a call that was cancelled.
// NativeErrorOf gives the number. Thread-safe.
absl::Status ComStatus(int32_t result, std::string_view what);

// Runs `work` on a thread of its own in COM's multithreaded apartment, where servers may act as this process's user
// (RPC_C_IMP_LEVEL_IMPERSONATE), and returns what it returned. DeadlineExceeded where it takes longer than `most`,
// Cancelled where `keep_on`, which is called on the caller's thread, says no (null: always on). Either way the call it
// hangs in is cancelled, and a thread that does not come back even so is left behind: `work` must own, or share in,
// all that it touches, and should itself look at the time.
absl::Status RunInApartment(std::function<absl::Status()> work, absl::Duration most,
                            const std::function<bool()>& keep_on = nullptr);

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_COM_WINDOWS_H_
