// Moments as people write them.
#ifndef HOZEN_TOOLS_HOZEN_MOMENT_H_
#define HOZEN_TOOLS_HOZEN_MOMENT_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace hozen {

// RFC 3339 ("2026-11-25T09:00:00+09:00"), or without its zone, seconds or time of day: those are UTC and zero
// ("2026-11-25 09:00", "2026-11-25"). InvalidArgument says what it takes.
absl::StatusOr<absl::Time> ParseMoment(std::string_view text);

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_MOMENT_H_
