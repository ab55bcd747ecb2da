// Times as Windows' interfaces give them: 100 ns since 1601, UTC.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_WINDOWS_TIME_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_WINDOWS_TIME_H_

#include <google/protobuf/timestamp.pb.h>

#include <cstdint>

#include "agent/volatile/timestamps.h"

namespace hozen {

inline constexpr uint64_t kTicksOfUnixEpoch = 116'444'736'000'000'000;
inline constexpr uint64_t kTicksPerSecond = 10'000'000;

// 0 is "none" there, and stays for the caller to leave out; a time that no calendar has is cut to one that it has.
inline google::protobuf::Timestamp TimestampOfWindows(uint64_t ticks) {
  const auto seconds =
      static_cast<int64_t>(ticks / kTicksPerSecond) - static_cast<int64_t>(kTicksOfUnixEpoch / kTicksPerSecond);
  google::protobuf::Timestamp timestamp = TimestampOfSeconds(seconds);
  if (timestamp.seconds() == seconds) timestamp.set_nanos(static_cast<int32_t>(ticks % kTicksPerSecond * 100));
  return timestamp;
}

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_WINDOWS_TIME_H_
