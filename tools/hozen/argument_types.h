// Arguments that are checked while the command line is parsed, so that a wrong one is a usage error.
#ifndef HOZEN_TOOLS_HOZEN_ARGUMENT_TYPES_H_
#define HOZEN_TOOLS_HOZEN_ARGUMENT_TYPES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "core/command_line/command_line.h"

namespace hozen {

// Say, where it has to be a std::string.
std::string Text(std::string_view english, std::string_view japanese);

// "--max-bytes 10G" into bytes.
Option AddSizeOption(Command command, const std::string& name, uint64_t& target, std::string_view description);
// As above; stays unset where it is not given, which is not 0 bytes.
Option AddSizeOption(Command command, const std::string& name, std::optional<uint64_t>& target,
                     std::string_view description);

// "--deadline 4h" into a duration.
Option AddDurationOption(Command command, const std::string& name, absl::Duration& target,
                         std::string_view description);

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_ARGUMENT_TYPES_H_
