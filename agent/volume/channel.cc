#include "agent/volume/channel.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/time/clock.h"
#include "core/base/concat.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr size_t kHeaderBytes = 5;

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

absl::Status WriteAll(int fd, std::string_view bytes, absl::Time deadline) {
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

absl::Status ReadAll(int fd, char* buffer, size_t wanted, absl::Time deadline) {
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

}  // namespace

absl::Status SendMessage(int fd, MessageType type, std::string_view payload, absl::Time deadline) {
  if (payload.size() > kMaxPayloadBytes) return absl::InvalidArgumentError("The message is too long");
  std::string bytes;
  for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<char>(payload.size() >> shift));
  bytes.push_back(static_cast<char>(type));
  bytes.append(payload);
  return WriteAll(fd, bytes, deadline);
}

absl::StatusOr<Message> ReceiveMessage(int fd, absl::Time deadline) {
  char header[kHeaderBytes];
  HOZEN_RETURN_IF_ERROR(ReadAll(fd, header, sizeof(header), deadline));
  size_t size = 0;
  for (int i = 3; i >= 0; --i) size = size << 8 | static_cast<unsigned char>(header[i]);
  if (size > kMaxPayloadBytes) return absl::InvalidArgumentError(Concat("A message of ", size, " bytes"));
  Message message = {.type = static_cast<MessageType>(header[4]), .payload = std::string(size, '\0')};
  HOZEN_RETURN_IF_ERROR(ReadAll(fd, message.payload.data(), size, deadline));
  return message;
}

void AppendNumber(std::string& payload, uint64_t number) {
  for (int shift = 0; shift < 64; shift += 8) payload.push_back(static_cast<char>(number >> shift));
}

std::optional<uint64_t> TakeNumber(std::string_view& payload) {
  if (payload.size() < 8) return std::nullopt;
  uint64_t number = 0;
  for (int i = 7; i >= 0; --i) number = number << 8 | static_cast<unsigned char>(payload[static_cast<size_t>(i)]);
  payload.remove_prefix(8);
  return number;
}

}  // namespace hozen
