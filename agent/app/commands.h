// What hozen-agent does for each of its commands. Each returns the exit status and has told the user what went wrong.
#ifndef HOZEN_AGENT_APP_COMMANDS_H_
#define HOZEN_AGENT_APP_COMMANDS_H_

#include <functional>
#include <string>

namespace hozen {

enum ExitStatus {
  kExitOk = 0,
  kExitFailed = 1,
  kExitUsage = 2,
  kExitState = 3,    // the state folder: not enrolled, enrolled already, damaged, another agent's
  kExitRefused = 4,  // the collector refused, or is not the one of the token
  kExitUnreachable = 5,
};

struct EnrollFlags {
  std::string collector;
  std::string token;
  std::string token_file;
  std::string state;
};
int RunEnroll(const EnrollFlags& flags);

struct ServeFlags {
  std::string state;
  bool normal_priority = false;
  std::function<void()> on_running;  // called once it is ready, where it is set
};
// Until it is told to stop.
int RunAgent(const ServeFlags& flags);

int RunStatus(const std::string& state, bool json);

}  // namespace hozen

#endif  // HOZEN_AGENT_APP_COMMANDS_H_
