// Questions to the kernel over netlink that it answers with a whole table.
#ifndef HOZEN_AGENT_PLATFORM_NETLINK_H_
#define HOZEN_AGENT_PLATFORM_NETLINK_H_

#include <cstdint>
#include <functional>
#include <string_view>

#include "absl/status/status.h"

namespace hozen {

enum class NetlinkFamily { kRoute, kSockDiag, kNetfilter };

// Asks for a dump of `type` with `body` behind the header and hands on each answer's type and payload, until there are
// no more or `on_message` says false. Numbers in both are in this machine's order. Errors as ErrnoStatus: ENOENT where
// nobody in the kernel answers such a question, ETIMEDOUT where it takes longer than 10 seconds; FailedPrecondition
// where the table changed while it was told, so that something may stand in it twice or not at all. What was handed on
// before an error holds. Thread-safe.
absl::Status NetlinkDump(NetlinkFamily family, uint16_t type, std::string_view body,
                         const std::function<bool(uint16_t type, std::string_view payload)>& on_message);

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_NETLINK_H_
