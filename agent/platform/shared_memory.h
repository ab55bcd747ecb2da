// Memory that two processes see: the quick way for many bytes out of a sandbox.
#ifndef HOZEN_AGENT_PLATFORM_SHARED_MEMORY_H_
#define HOZEN_AGENT_PLATFORM_SHARED_MEMORY_H_

#include <cstddef>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/base/unique_fd.h"

namespace hozen {

// Thread-compatible. It has no name and its size is sealed, so the other side cannot shorten it under our feet; it can
// change the bytes at any moment: copy them out before they are looked at.
class SharedMemory {
 public:
  // Ours: all zero, read-only here. Errors as ErrnoStatus.
  static absl::StatusOr<std::unique_ptr<SharedMemory>> Create(size_t size_bytes);
  // What Create made in another process, by its handle, which may be closed afterwards; writable.
  static absl::StatusOr<std::unique_ptr<SharedMemory>> Attach(int handle, size_t size_bytes);
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  // To be handed to the other process. -1 where it was attached.
  int handle() const;
  const char* data() const { return data_; }
  size_t size_bytes() const { return size_bytes_; }
  // Only where it was attached.
  absl::Span<char> writable() { return {data_, size_bytes_}; }

 private:
  SharedMemory(UniqueFd handle, char* data, size_t size_bytes, std::shared_ptr<void> held = nullptr)
      : handle_(std::move(handle)), data_(data), size_bytes_(size_bytes), held_(std::move(held)) {}

  UniqueFd handle_;
  char* const data_;
  const size_t size_bytes_;
  std::shared_ptr<void> held_;  // where no descriptor can stand for it
};

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_SHARED_MEMORY_H_
