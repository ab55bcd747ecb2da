#include <windows.h>
// After windows.h.
#include <psapi.h>

#include "agent/platform/resource_usage.h"
#include "core/base/concat.h"
#include "core/base/path_text.h"
#include "core/base/windows_error.h"
#include "core/base/windows_text.h"

namespace hozen {
namespace {

uint64_t Nanoseconds(const FILETIME& time) { return (uint64_t{time.dwHighDateTime} << 32 | time.dwLowDateTime) * 100; }

}  // namespace

ResourceUsage ReadResourceUsage() {
  ResourceUsage usage;
  PROCESS_MEMORY_COUNTERS memory = {};
  if (::K32GetProcessMemoryInfo(::GetCurrentProcess(), &memory, sizeof(memory))) {
    usage.resident_bytes = memory.WorkingSetSize;
  }
  FILETIME created = {};
  FILETIME ended = {};
  FILETIME kernel = {};
  FILETIME user = {};
  if (::GetProcessTimes(::GetCurrentProcess(), &created, &ended, &kernel, &user)) {
    usage.cpu_ns = Nanoseconds(kernel) + Nanoseconds(user);
  }
  return usage;
}

absl::StatusOr<uint64_t> FreeBytes(const std::string& path) {
  ULARGE_INTEGER free = {};
  if (!::GetDiskFreeSpaceExW(ExtendedPath(PathOf(path)).c_str(), &free, nullptr, nullptr)) {
    return Win32Status(::GetLastError(), Concat("Asking for the free space at ", path));
  }
  return free.QuadPart;
}

}  // namespace hozen
