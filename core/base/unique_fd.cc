#include "core/base/unique_fd.h"

#include <unistd.h>

#include <cerrno>

namespace hozen {

void UniqueFd::Reset(int fd) {
  const int old = std::exchange(fd_, fd);
  if (old < 0 || old == fd) return;
  // Whoever needs to know that the bytes arrived has synced; and on Linux even an interrupted close has closed.
  const int saved_errno = errno;
  ::close(old);
  errno = saved_errno;
}

}  // namespace hozen
