// The operators' messages in words, in the user's language. All text that a host chose is made safe to show.
#ifndef HOZEN_TOOLS_HOZEN_TEXT_RENDERING_H_
#define HOZEN_TOOLS_HOZEN_TEXT_RENDERING_H_

#include <string>
#include <string_view>
#include <vector>

#include "proto/hozen/v1/operators.pb.h"
#include "tools/hozen/console.h"

namespace hozen {

std::string StateInWords(v1::Acquisition::State state);
std::string CauseInWords(v1::Cause cause);
// "permission denied: /etc/shadow: ..." ; empty where nothing failed.
std::string FailureInWords(const v1::Failure& failure);
// The state in the colour that it deserves.
std::string PaintState(const Console& console, v1::Acquisition::State state);

// One acquisition with everything that a person asks of it, ended by a newline. `failed_targets` are the first ones, by
// name; how many there are stands in the manifest.
std::string DescribeAcquisition(const Console& console, const v1::Acquisition& acquisition,
                                const std::vector<v1::TargetOutcome>& failed_targets = {});
// What came of targets as a table, ended by a newline.
std::string TargetTable(const Console& console, const std::vector<v1::TargetOutcome>& outcomes);

// A title for a table's column, painted.
std::string Title(const Console& console, std::string_view english, std::string_view japanese);

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_TEXT_RENDERING_H_
