// Win32 handles and the C descriptors that stand for them. For *_windows.cc files alone.
#ifndef HOZEN_CORE_BASE_WINDOWS_HANDLE_H_
#define HOZEN_CORE_BASE_WINDOWS_HANDLE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "core/base/unique_fd.h"

namespace hozen {

// Owns a handle that CloseHandle closes. Thread-compatible. `void*` is Win32's HANDLE.
class WindowsHandle {
 public:
  WindowsHandle() = default;
  explicit WindowsHandle(void* handle) : handle_(handle) {}
  WindowsHandle(WindowsHandle&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  WindowsHandle& operator=(WindowsHandle&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~WindowsHandle();

  void* get() const { return handle_; }
  // Neither null nor INVALID_HANDLE_VALUE: Win32 says "none" in both ways.
  bool valid() const;
  void* Release() { return std::exchange(handle_, nullptr); }

 private:
  void* handle_ = nullptr;
};

// A binary descriptor that owns the handle from now on, also where this fails (EMFILE: the C library has 2,048).
absl::StatusOr<UniqueFd> FdOf(WindowsHandle handle);

// The handle behind a descriptor, still the descriptor's; INVALID_HANDLE_VALUE where it is none.
void* HandleOf(int fd);

// A security descriptor by which the system and administrators alone have an object and, where it is a folder, what is
// made in it; and the user of this process, where that does not act as an administrator. Nothing is inherited from
// above. Null where the system refused to make it. The bytes are Win32's PSECURITY_DESCRIPTOR.
struct LocalMemoryDeleter {
  void operator()(void* memory) const;
};
using LocalMemory = std::unique_ptr<void, LocalMemoryDeleter>;
LocalMemory PrivateDescriptor();

}  // namespace hozen

#endif  // HOZEN_CORE_BASE_WINDOWS_HANDLE_H_
