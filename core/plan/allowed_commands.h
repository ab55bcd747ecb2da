// The fixed list of commands that an agent runs. It is law on the host: a plan that names another is refused there;
// where plans are made it only says so beforehand.
#ifndef HOZEN_CORE_PLAN_ALLOWED_COMMANDS_H_
#define HOZEN_CORE_PLAN_ALLOWED_COMMANDS_H_

#include "proto/hozen/v1/plan.pb.h"

namespace hozen {

// Is it on the list, with exactly these arguments?
bool IsAllowedCommand(const v1::Target::Command& command);

}  // namespace hozen

#endif  // HOZEN_CORE_PLAN_ALLOWED_COMMANDS_H_
