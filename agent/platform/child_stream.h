// Bytes through the socket between the agent and a child that StartChild started, from either end.
#ifndef HOZEN_AGENT_PLATFORM_CHILD_STREAM_H_
#define HOZEN_AGENT_PLATFORM_CHILD_STREAM_H_

#include <cstddef>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace hozen {

// Both work on blocking and non-blocking sockets; only on the latter is the deadline kept, and only there do they need
// poll(2). DeadlineExceeded after it; Unavailable where the other side has closed its end; others as ErrnoStatus.
// Thread-compatible.
absl::Status WriteAllToStream(int fd, std::string_view bytes, absl::Time deadline);
// Exactly `wanted` bytes.
absl::Status ReadAllFromStream(int fd, char* buffer, size_t wanted, absl::Time deadline);

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_CHILD_STREAM_H_
