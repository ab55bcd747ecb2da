#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/time/clock.h"
#include "agent/platform/child_stream.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

absl::Status WaitFor(int fd, short events, absl::Time deadline) {
  while (true) {
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration()) return absl::DeadlineExceededError("The other side does not answer");
    pollfd waited = {.fd = fd, .events = events, .revents = 0};
    const int64_t milliseconds = std::clamp<int64_t>(absl::ToInt64Milliseconds(left) + 1, 1, 60'000);
    const int ready = poll(&waited, 1, static_cast<int>(milliseconds));
    if (ready > 0) return absl::OkStatus();
    if (ready < 0 && errno != EINTR) return ErrnoStatus(errno, "Waiting for the other side");
  }
}

// In the sandbox there is no send(2), so SIGPIPE ends a child whose agent has gone, which is right. The agent, which
// always has a deadline, must not end that way.
ssize_t WriteSome(int fd, std::string_view bytes, absl::Time deadline) {
  if (deadline == absl::InfiniteFuture()) return write(fd, bytes.data(), bytes.size());
  return send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

}  // namespace

absl::Status WriteAllToStream(int fd, std::string_view bytes, absl::Time deadline) {
  while (!bytes.empty()) {
    const ssize_t size = WriteSome(fd, bytes, deadline);
    if (size >= 0) {
      bytes.remove_prefix(static_cast<size_t>(size));
    } else if (errno == EAGAIN) {
      HOZEN_RETURN_IF_ERROR(WaitFor(fd, POLLOUT, deadline));
    } else if (errno == EPIPE || errno == ECONNRESET) {
      return absl::UnavailableError("The other side has gone");
    } else if (errno != EINTR) {
      return ErrnoStatus(errno, "Writing to the other side");
    }
  }
  return absl::OkStatus();
}

absl::Status ReadAllFromStream(int fd, char* buffer, size_t wanted, absl::Time deadline) {
  while (wanted > 0) {
    const ssize_t size = read(fd, buffer, wanted);
    if (size > 0) {
      buffer += size;
      wanted -= static_cast<size_t>(size);
    } else if (size == 0 || errno == ECONNRESET) {
      return absl::UnavailableError("The other side has gone");
    } else if (errno == EAGAIN) {
      HOZEN_RETURN_IF_ERROR(WaitFor(fd, POLLIN, deadline));
    } else if (errno != EINTR) {
      return ErrnoStatus(errno, "Reading from the other side");
    }
  }
  return absl::OkStatus();
}

}  // namespace hozen
