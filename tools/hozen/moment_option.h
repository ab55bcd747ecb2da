// "--from 2026-11-22" into a point in time, checked while the command line is parsed.
#ifndef HOZEN_TOOLS_HOZEN_MOMENT_OPTION_H_
#define HOZEN_TOOLS_HOZEN_MOMENT_OPTION_H_

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/clock.h"
#include "tools/hozen/argument_types.h"
#include "tools/hozen/point_in_time.h"

namespace hozen {

// From the beginning of what was named, to its end: both inclusive for people. Nanoseconds; `to` is exclusive.
struct TimeRange {
  std::optional<int64_t> from_unix_ns;
  std::optional<int64_t> to_unix_ns;
};

inline void AddTimeRangeOptions(CLI::App& app, TimeRange& range) {
  const auto add = [&app](const std::string& name, std::optional<int64_t>& target, int64_t Moment::*end,
                          const std::string& description) {
    app.add_option_function<std::string>(
           name,
           [name, &target, end](const std::string& text) {
             const auto moment = ParseMoment(text, absl::Now());
             if (!moment.ok()) throw CLI::ValidationError(name, std::string(moment.status().message()));
             target = (*moment).*end;
           },
           description)
        ->type_name("TIME");
  };
  add("--from", range.from_unix_ns, &Moment::begin_unix_ns,
      Text("Not before this: a day, a time (UTC unless it says otherwise), or 3d for three days ago",
           "この時刻以降（日付または時刻。指定がなければ UTC。3d は 3 日前）"));
  add("--to", range.to_unix_ns, &Moment::end_unix_ns,
      Text("Not after this; a day counts to its end", "この時刻以前（日付はその日の終わりまで）"));
}

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_MOMENT_OPTION_H_
