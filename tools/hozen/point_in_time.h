// Points in time as people write them.
#ifndef HOZEN_TOOLS_HOZEN_POINT_IN_TIME_H_
#define HOZEN_TOOLS_HOZEN_POINT_IN_TIME_H_

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace hozen {

// What was written names a day, a minute, a second: from begin to before end.
struct Moment {
  int64_t begin_unix_ns = 0;
  int64_t end_unix_ns = 0;
};

// "2026-11-22", "2026-11-22 06:12", "2026-11-22T06:12:07.5", each but the day also with "Z" or "+09:00" behind it (else
// it is UTC), "@1795000000" (seconds since 1970), "3d", "2h30m" (so long before `now`). InvalidArgument for anything
// else, and for years before 1700 and after 2200.
absl::StatusOr<Moment> ParseMoment(std::string_view text, absl::Time now);

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_POINT_IN_TIME_H_
