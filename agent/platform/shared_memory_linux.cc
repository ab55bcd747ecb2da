#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "agent/platform/shared_memory.h"
#include "core/base/status_context.h"

namespace hozen {

absl::StatusOr<std::unique_ptr<SharedMemory>> SharedMemory::Create(size_t size_bytes) {
  UniqueFd handle(memfd_create("hozen", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!handle.valid() || ftruncate(handle.get(), static_cast<off_t>(size_bytes)) != 0 ||
      fcntl(handle.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return ErrnoStatus(errno, "Making shared memory");
  }
  void* data = mmap(nullptr, size_bytes, PROT_READ, MAP_SHARED, handle.get(), 0);
  if (data == MAP_FAILED) return ErrnoStatus(errno, "Mapping shared memory");
  return std::unique_ptr<SharedMemory>(new SharedMemory(std::move(handle), static_cast<char*>(data), size_bytes));
}

absl::StatusOr<std::unique_ptr<SharedMemory>> SharedMemory::Attach(int handle, size_t size_bytes) {
  void* data = mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, handle, 0);
  if (data == MAP_FAILED) return ErrnoStatus(errno, "Mapping shared memory");
  return std::unique_ptr<SharedMemory>(new SharedMemory(UniqueFd(), static_cast<char*>(data), size_bytes));
}

int SharedMemory::handle() const { return handle_.get(); }

SharedMemory::~SharedMemory() { munmap(data_, size_bytes_); }

}  // namespace hozen
