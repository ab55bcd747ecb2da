#include <fcntl.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <string>

#include "agent/platform/resource_usage.h"
#include "core/base/concat.h"
#include "core/base/status_context.h"
#include "core/base/unique_fd.h"

namespace hozen {
namespace {

uint64_t CpuNs(int who) {
  rusage usage = {};
  if (getrusage(who, &usage) != 0) return 0;
  const auto ns = [](const timeval& t) { return uint64_t(t.tv_sec) * 1'000'000'000 + uint64_t(t.tv_usec) * 1'000; };
  return ns(usage.ru_utime) + ns(usage.ru_stime);
}

// Second number of statm, in pages.
uint64_t ResidentBytes() {
  const UniqueFd fd(open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return 0;
  char text[128] = {};
  if (read(fd.get(), text, sizeof(text) - 1) <= 0) return 0;
  unsigned long long total = 0;
  unsigned long long resident = 0;
  if (sscanf(text, "%llu %llu", &total, &resident) != 2) return 0;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

ResourceUsage ReadResourceUsage() {
  return {.resident_bytes = ResidentBytes(), .cpu_ns = CpuNs(RUSAGE_SELF) + CpuNs(RUSAGE_CHILDREN)};
}

absl::StatusOr<uint64_t> FreeBytes(const std::string& path) {
  struct statvfs space = {};
  while (statvfs(path.c_str(), &space) != 0) {
    if (errno != EINTR) return ErrnoStatus(errno, Concat("Asking for the free space at ", path));
  }
  return uint64_t{space.f_bavail} * space.f_frsize;
}

}  // namespace hozen
