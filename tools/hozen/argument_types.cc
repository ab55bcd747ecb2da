#include "tools/hozen/argument_types.h"

#include "core/base/language.h"
#include "core/base/status_macros.h"
#include "tools/hozen/quantity.h"

namespace hozen {
namespace {

template <typename Target>
Option AddSize(Command command, const std::string& name, Target& target, std::string_view description) {
  const auto read = [&target](const std::string& text) {
    HOZEN_ASSIGN_OR_RETURN(target, ParseSize(text));
    return absl::OkStatus();
  };
  return command.AddReadOption(name, read, description).TypeName("SIZE");
}

}  // namespace

std::string Text(std::string_view english, std::string_view japanese) { return std::string(Say(english, japanese)); }

Option AddSizeOption(Command command, const std::string& name, uint64_t& target, std::string_view description) {
  return AddSize(command, name, target, description);
}

Option AddSizeOption(Command command, const std::string& name, std::optional<uint64_t>& target,
                     std::string_view description) {
  return AddSize(command, name, target, description);
}

Option AddDurationOption(Command command, const std::string& name, absl::Duration& target,
                         std::string_view description) {
  const auto read = [&target](const std::string& text) {
    HOZEN_ASSIGN_OR_RETURN(target, ParseDuration(text));
    return absl::OkStatus();
  };
  return command.AddReadOption(name, read, description).TypeName("DURATION");
}

}  // namespace hozen
