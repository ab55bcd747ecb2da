// Times of the kernel as protobuf's, which print as RFC 3339.
#ifndef HOZEN_AGENT_VOLATILE_TIMESTAMPS_H_
#define HOZEN_AGENT_VOLATILE_TIMESTAMPS_H_

#include <google/protobuf/timestamp.pb.h>

#include <algorithm>
#include <cstdint>

namespace hozen {

// 64 bits of nanoseconds are always a time that a Timestamp may say.
inline google::protobuf::Timestamp TimestampOf(int64_t unix_ns) {
  constexpr int64_t kSecond = 1'000'000'000;
  int64_t seconds = unix_ns / kSecond;
  int64_t rest = unix_ns % kSecond;
  if (rest < 0) {
    --seconds;
    rest += kSecond;
  }
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(seconds);
  timestamp.set_nanos(static_cast<int32_t>(rest));
  return timestamp;
}

// Cut to what a Timestamp may say, the years 1 to 9999: a time that is wrong must not cost its record.
inline google::protobuf::Timestamp TimestampOfSeconds(int64_t unix_s) {
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(std::clamp<int64_t>(unix_s, -62'135'596'800, 253'402'300'799));
  return timestamp;
}

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_TIMESTAMPS_H_
