#include "tools/hozen/moment_option.h"

#include <string>
#include <string_view>

#include "absl/time/clock.h"
#include "core/base/language.h"
#include "core/base/status_macros.h"
#include "tools/hozen/point_in_time.h"

namespace hozen {
namespace {

void AddMoment(Command command, std::string_view name, std::optional<int64_t>& target, int64_t Moment::*end,
               std::string_view description) {
  const auto read = [&target, end](const std::string& text) {
    HOZEN_ASSIGN_OR_RETURN(const Moment moment, ParseMoment(text, absl::Now()));
    target = moment.*end;
    return absl::OkStatus();
  };
  command.AddReadOption(name, read, description).TypeName("TIME");
}

}  // namespace

void AddTimeRangeOptions(Command command, TimeRange& range) {
  AddMoment(command, "--from", range.from_unix_ns, &Moment::begin_unix_ns,
            Say("Not before this: a day, a time (UTC unless it says otherwise), or 3d for three days ago",
                "この時刻以降（日付または時刻。指定がなければ UTC。3d は 3 日前）"));
  AddMoment(command, "--to", range.to_unix_ns, &Moment::end_unix_ns,
            Say("Not after this; a day counts to its end", "この時刻以前（日付はその日の終わりまで）"));
}

}  // namespace hozen
