#include "agent/app/service_commands.h"

namespace hozen {

void ServiceCommands::AddTo(Command /*app*/) {}

std::optional<int> ServiceCommands::Run() const { return std::nullopt; }

}  // namespace hozen
