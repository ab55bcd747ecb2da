#include <windows.h>

#include <utility>

#include "agent/platform/section_handle_windows.h"
#include "agent/platform/shared_memory.h"
#include "core/base/status_macros.h"
#include "core/base/windows_error.h"
#include "core/base/windows_handle.h"

namespace hozen {
namespace {

absl::StatusOr<char*> Map(HANDLE section, DWORD access, size_t size_bytes) {
  void* const data = ::MapViewOfFile(section, access, 0, 0, size_bytes);
  if (data == nullptr) return Win32Status(::GetLastError(), "Mapping shared memory");
  return static_cast<char*>(data);
}

}  // namespace

// A section has a size that nobody can change, and is zero where the paging file is behind it.
absl::StatusOr<std::unique_ptr<SharedMemory>> SharedMemory::Create(size_t size_bytes) {
  auto section = std::make_shared<WindowsHandle>(::CreateFileMappingW(INVALID_HANDLE_VALUE, nullptr, PAGE_READWRITE,
                                                                      static_cast<DWORD>(uint64_t{size_bytes} >> 32),
                                                                      static_cast<DWORD>(size_bytes), nullptr));
  if (!section->valid()) return Win32Status(::GetLastError(), "Making shared memory");
  HOZEN_ASSIGN_OR_RETURN(char* const data, Map(section->get(), FILE_MAP_READ, size_bytes));
  return std::unique_ptr<SharedMemory>(new SharedMemory(UniqueFd(), data, size_bytes, std::move(section)));
}

absl::StatusOr<std::unique_ptr<SharedMemory>> SharedMemory::Attach(int handle, size_t size_bytes) {
  HANDLE const adopted = AdoptedSection(handle);
  HANDLE const section = adopted != nullptr ? adopted : HandleOfNumber(handle);
  HOZEN_ASSIGN_OR_RETURN(char* const data, Map(section, FILE_MAP_READ | FILE_MAP_WRITE, size_bytes));
  return std::unique_ptr<SharedMemory>(new SharedMemory(UniqueFd(), data, size_bytes));
}

int SharedMemory::handle() const {
  return held_ == nullptr ? -1 : NumberOfSection(static_cast<WindowsHandle*>(held_.get())->get());
}

SharedMemory::~SharedMemory() { ::UnmapViewOfFile(data_); }

}  // namespace hozen
