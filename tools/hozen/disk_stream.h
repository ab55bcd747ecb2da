// The bytes of a disk as they come from the collector, going on by themselves where the link breaks off.
#ifndef HOZEN_TOOLS_HOZEN_DISK_STREAM_H_
#define HOZEN_TOOLS_HOZEN_DISK_STREAM_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proto/hozen/v1/operators.pb.h"
#include "tools/hozen/collector.h"
#include "tools/hozen/console.h"
#include "tools/hozen/stream_receiver.h"

namespace hozen {

// How long a link that has broken off is asked for again: pauses double up to the longest, and it ends once all pauses
// since the last byte make up `gives_up_after`.
struct Patience {
  absl::Duration first_pause = absl::Seconds(1);
  absl::Duration longest_pause = absl::Seconds(30);
  absl::Duration gives_up_after = absl::Minutes(10);
  std::function<void(absl::Duration)> pause = absl::SleepFor;
};

// Hands the part of a disk that `request` names (its size must be given) to a sink, from `done_bytes` of it on, and
// believes each piece only once its end has come. Unavailable where the link was lost for good; the sink then has all
// bytes before the break. Other codes of the collector and of the sink end it at once.
absl::Status StreamDisk(Collector& collector, v1::ExportRequest request, uint64_t done_bytes, ByteSink& sink,
                        Console& console, const std::string& label, const Patience& patience = {});

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_DISK_STREAM_H_
