// Arguments that are checked while the command line is parsed, so that a wrong one is a usage error.
#ifndef HOZEN_TOOLS_HOZEN_ARGUMENT_TYPES_H_
#define HOZEN_TOOLS_HOZEN_ARGUMENT_TYPES_H_

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "core/base/concat.h"
#include "core/base/language.h"
#include "tools/hozen/quantity.h"

namespace hozen {

// Say, for CLI11, which takes std::string.
inline std::string Text(std::string_view english, std::string_view japanese) {
  return std::string(Say(english, japanese));
}

// "--max-bytes 10G" into bytes.
inline CLI::Option* AddSizeOption(CLI::App& app, const std::string& name, uint64_t& target,
                                  const std::string& description) {
  return app
      .add_option_function<std::string>(
          name,
          [name, &target](const std::string& text) {
            const auto size = ParseSize(text);
            if (!size.ok()) throw CLI::ValidationError(name, std::string(size.status().message()));
            target = *size;
          },
          description)
      ->type_name("SIZE");
}

// "--deadline 4h" into a duration.
inline CLI::Option* AddDurationOption(CLI::App& app, const std::string& name, absl::Duration& target,
                                      const std::string& description) {
  return app
      .add_option_function<std::string>(
          name,
          [name, &target](const std::string& text) {
            const auto duration = ParseDuration(text);
            if (!duration.ok()) throw CLI::ValidationError(name, std::string(duration.status().message()));
            target = *duration;
          },
          description)
      ->type_name("DURATION");
}

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_ARGUMENT_TYPES_H_
