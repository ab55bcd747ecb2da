#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "agent/platform/netlink.h"
#include "core/base/status_context.h"
#include "core/base/unique_fd.h"

namespace hozen {
namespace {

constexpr size_t kReceiveBytes = 256 << 10;
constexpr time_t kMostWaitS = 10;

int NumberOf(NetlinkFamily family) {
  switch (family) {
    case NetlinkFamily::kRoute:
      return NETLINK_ROUTE;
    case NetlinkFamily::kSockDiag:
      return NETLINK_SOCK_DIAG;
    case NetlinkFamily::kNetfilter:
      return NETLINK_NETFILTER;
  }
  return -1;
}

absl::Status Send(int fd, uint16_t type, std::string_view body) {
  nlmsghdr header = {};
  header.nlmsg_len = static_cast<uint32_t>(NLMSG_HDRLEN + body.size());
  header.nlmsg_type = type;
  header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  header.nlmsg_seq = 1;
  std::string request(reinterpret_cast<const char*>(&header), sizeof(header));
  request += body;
  sockaddr_nl kernel = {};
  kernel.nl_family = AF_NETLINK;
  const ssize_t sent =
      sendto(fd, request.data(), request.size(), 0, reinterpret_cast<const sockaddr*>(&kernel), sizeof(kernel));
  return sent < 0 ? ErrnoStatus(errno, "asking over netlink") : absl::OkStatus();
}

// A datagram from the kernel itself; any process may send to our port.
absl::Status Receive(int fd, std::string& buffer, size_t& size) {
  while (true) {
    sockaddr_nl sender = {};
    iovec piece = {buffer.data(), buffer.size()};
    msghdr message = {};
    message.msg_name = &sender;
    message.msg_namelen = sizeof(sender);
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    const ssize_t got = recvmsg(fd, &message, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus(errno == EAGAIN ? ETIMEDOUT : errno, "an answer over netlink");
    if (sender.nl_pid != 0) continue;
    if ((message.msg_flags & MSG_TRUNC) != 0) return ErrnoStatus(EMSGSIZE, "an answer over netlink");
    size = static_cast<size_t>(got);
    return absl::OkStatus();
  }
}

}  // namespace

absl::Status NetlinkDump(NetlinkFamily family, uint16_t type, std::string_view body,
                         const std::function<bool(uint16_t type, std::string_view payload)>& on_message) {
  const UniqueFd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NumberOf(family)));
  if (!fd.valid()) return ErrnoStatus(errno, "a netlink socket");
  const timeval most = {kMostWaitS, 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most));
  if (absl::Status status = Send(fd.get(), type, body); !status.ok()) return status;
  std::string buffer(kReceiveBytes, '\0');
  bool changed = false;
  while (true) {
    size_t size = 0;
    if (absl::Status status = Receive(fd.get(), buffer, size); !status.ok()) return status;
    std::string_view rest = std::string_view(buffer).substr(0, size);
    while (rest.size() >= sizeof(nlmsghdr)) {
      nlmsghdr header = {};
      std::memcpy(&header, rest.data(), sizeof(header));
      if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > rest.size()) break;
      const std::string_view payload = rest.substr(NLMSG_HDRLEN, header.nlmsg_len - NLMSG_HDRLEN);
      changed = changed || (header.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
      if (header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR) {
        int error = 0;
        if (payload.size() >= sizeof(error)) std::memcpy(&error, payload.data(), sizeof(error));
        if (error < 0) return ErrnoStatus(-error, "the kernel's answer over netlink");
        if (changed) return absl::FailedPreconditionError("the table changed while the kernel told it");
        return absl::OkStatus();
      }
      if (!on_message(header.nlmsg_type, payload)) return absl::OkStatus();
      rest.remove_prefix(std::min<size_t>(NLMSG_ALIGN(header.nlmsg_len), rest.size()));
    }
  }
}

}  // namespace hozen
