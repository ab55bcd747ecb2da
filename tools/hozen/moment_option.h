// "--from 2026-11-22" into a point in time, checked while the command line is parsed.
#ifndef HOZEN_TOOLS_HOZEN_MOMENT_OPTION_H_
#define HOZEN_TOOLS_HOZEN_MOMENT_OPTION_H_

#include <cstdint>
#include <optional>

#include "core/command_line/command_line.h"

namespace hozen {

// From the beginning of what was named, to its end: both inclusive for people. Nanoseconds; `to` is exclusive.
struct TimeRange {
  std::optional<int64_t> from_unix_ns;
  std::optional<int64_t> to_unix_ns;
};

void AddTimeRangeOptions(Command command, TimeRange& range);  // --from and --to

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_MOMENT_OPTION_H_
