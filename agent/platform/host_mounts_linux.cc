#include <fcntl.h>
#include <sys/stat.h>

#include "agent/platform/host_mounts.h"

namespace hozen {
namespace {

bool IsSameFile(const struct stat& a, const struct stat& b) { return a.st_dev == b.st_dev && a.st_ino == b.st_ino; }

}  // namespace

UniqueFd OpenHostMounts() {
  struct stat ours = {};
  struct stat theirs = {};
  UniqueFd fd(open("/proc/1/ns/mnt", O_RDONLY | O_CLOEXEC));
  if (!fd.valid() || fstat(fd.get(), &theirs) != 0 || stat("/proc/self/ns/mnt", &ours) != 0 ||
      IsSameFile(ours, theirs)) {
    return UniqueFd();
  }
  if (stat("/proc/1/root/", &theirs) != 0 || stat("/", &ours) != 0 || !IsSameFile(ours, theirs)) return UniqueFd();
  return fd;
}

}  // namespace hozen
