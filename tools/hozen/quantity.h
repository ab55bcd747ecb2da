// Sizes, rates, durations and times as people write and read them.
#ifndef HOZEN_TOOLS_HOZEN_QUANTITY_H_
#define HOZEN_TOOLS_HOZEN_QUANTITY_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace hozen {

// "4096", "64K", "10M", "1.5G", "2T", each also with "B" or "iB" behind it: powers of 1,024. A rate may end in "/s".
// InvalidArgument for anything else, and for more than 2^63 - 1.
absl::StatusOr<uint64_t> ParseSize(std::string_view text);

// "90s", "15m", "4h", "7d", "1h30m". InvalidArgument for anything else, for 0 and for more than ten years.
absl::StatusOr<absl::Duration> ParseDuration(std::string_view text);

// "0 B", "1.5 KiB", "12 GiB": at most four characters and the unit.
std::string FormatSize(uint64_t bytes);
// "3s", "4m 10s", "2h 05m", "3d 4h".
std::string ShortDuration(absl::Duration duration);
// "1,234,567".
std::string FormatCount(uint64_t count);

// "2026-11-22T06:12:06.123Z", as far as there are decimals; empty for 0, which stands for "not known".
std::string FormatUtc(int64_t unix_ns);
// "2026-11-22 15:12:06" in the machine's time zone; "-" for 0.
std::string FormatLocal(int64_t unix_ns);
// "just now", "4m ago", "3d ago"; "never" for 0.
std::string FormatAgo(int64_t unix_ns, absl::Time now);

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_QUANTITY_H_
