#include "tools/hozen/point_in_time.h"

#include <string>

#include "absl/strings/numbers.h"
#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "tools/hozen/quantity.h"

namespace hozen {
namespace {

struct Form {
  const char* format;
  absl::Duration size;
};

// %Ez takes a Z or an offset.
const Form kForms[] = {
    {"%Y-%m-%d", absl::Hours(24)},
    {"%Y-%m-%dT%H:%M", absl::Minutes(1)},
    {"%Y-%m-%dT%H:%M%Ez", absl::Minutes(1)},
    {"%Y-%m-%dT%H:%M:%S", absl::Seconds(1)},
    {"%Y-%m-%dT%H:%M:%S%Ez", absl::Seconds(1)},
    {"%Y-%m-%dT%H:%M:%E*S", absl::Nanoseconds(1)},
    {"%Y-%m-%dT%H:%M:%E*S%Ez", absl::Nanoseconds(1)},
};
constexpr size_t kDateBytes = 10;

absl::Status NotAMoment(std::string_view text) {
  return absl::InvalidArgumentError(
      Concat("\"", Printable(text), "\" ",
             Say("is not a point in time; write for example 2026-11-22, \"2026-11-22 06:12\", 2026-11-22T06:12:07Z, "
                 "2026-11-22T15:12+09:00, @1795000000, or 3d for three days ago",
                 "は時刻ではありません。例: 2026-11-22, \"2026-11-22 06:12\", 2026-11-22T06:12:07Z, "
                 "2026-11-22T15:12+09:00, @1795000000, 3d（3 日前）")));
}

absl::StatusOr<Moment> Between(absl::Time begin, absl::Duration size, std::string_view text) {
  // Nanoseconds in 64 bits reach from 1677 to 2262.
  const absl::TimeZone utc = absl::UTCTimeZone();
  if (begin < absl::FromCivil(absl::CivilYear(1700), utc) || begin >= absl::FromCivil(absl::CivilYear(2200), utc)) {
    return NotAMoment(text);
  }
  return Moment{.begin_unix_ns = absl::ToUnixNanos(begin), .end_unix_ns = absl::ToUnixNanos(begin + size)};
}

}  // namespace

absl::StatusOr<Moment> ParseMoment(std::string_view text, absl::Time now) {
  if (text.starts_with('@')) {
    int64_t seconds = 0;
    if (!absl::SimpleAtoi(AbslView(text.substr(1)), &seconds)) return NotAMoment(text);
    return Between(absl::FromUnixSeconds(seconds), absl::Seconds(1), text);
  }
  if (text.find('-') == std::string_view::npos) {
    const absl::StatusOr<absl::Duration> ago = ParseDuration(text);
    return ago.ok() ? Between(now - *ago, absl::ZeroDuration(), text) : NotAMoment(text);
  }
  // Abseil would skip blanks, and take years of any length.
  std::string written(text);
  if (written.size() > kDateBytes && written[kDateBytes] == ' ') written[kDateBytes] = 'T';
  if (written.find(' ') != std::string::npos || written.find('-') != 4) return NotAMoment(text);
  for (const Form& form : kForms) {
    absl::Time begin;
    if (absl::ParseTime(form.format, written, absl::UTCTimeZone(), &begin, nullptr)) {
      return Between(begin, form.size, text);
    }
  }
  return NotAMoment(text);
}

}  // namespace hozen
