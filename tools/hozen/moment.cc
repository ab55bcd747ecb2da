#include "tools/hozen/moment.h"

#include <string>

#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"

namespace hozen {

absl::StatusOr<absl::Time> ParseMoment(std::string_view text) {
  constexpr const char* kForms[] = {"%Y-%m-%d%ET%H:%M:%E*S%Ez",
                                    "%Y-%m-%d %H:%M:%E*S%Ez",
                                    "%Y-%m-%d%ET%H:%M:%E*S",
                                    "%Y-%m-%d %H:%M:%E*S",
                                    "%Y-%m-%d%ET%H:%M",
                                    "%Y-%m-%d %H:%M",
                                    "%Y-%m-%d"};
  absl::Time moment;
  for (const char* form : kForms) {
    if (absl::ParseTime(form, AbslView(text), absl::UTCTimeZone(), &moment, nullptr)) return moment;
  }
  return absl::InvalidArgumentError(
      Concat("\"", Printable(text), "\" ",
             Say("is no time; write 2026-11-25, \"2026-11-25 09:00\" (UTC) or 2026-11-25T09:00:00+09:00",
                 "は時刻ではありません。2026-11-25、\"2026-11-25 09:00\"（UTC）、2026-11-25T09:00:00+09:00 "
                 "の形で書いてください")));
}

}  // namespace hozen
