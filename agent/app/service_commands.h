// The commands that make the agent a service of the host. Only Windows has them: under Linux the package brings a unit,
// and systemctl does the rest.
#ifndef HOZEN_AGENT_APP_SERVICE_COMMANDS_H_
#define HOZEN_AGENT_APP_SERVICE_COMMANDS_H_

#include <optional>
#include <string>

#include "agent/app/commands.h"
#include "core/command_line/command_line.h"

namespace hozen {

// Thread-compatible; must outlive the parsing of `app`.
class ServiceCommands {
 public:
  // install, uninstall, start, stop, and the hidden one by which the service manager starts the program.
  void AddTo(Command app);

  // The exit status, where one of them was given; it has told the user what went wrong.
  std::optional<int> Run() const;

 private:
  std::optional<Command> install_;
  std::optional<Command> uninstall_;
  std::optional<Command> start_;
  std::optional<Command> stop_;
  std::optional<Command> serve_;
  EnrollFlags enroll_;  // where the host is to be enrolled at once
  ServeFlags serving_;
  bool undoable_ = false;
  bool purge_ = false;
  bool take_back_ = false;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_APP_SERVICE_COMMANDS_H_
