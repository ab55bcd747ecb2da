// Completion scripts for shells, made from the tree of commands, so that they never tell of another program than this.
#ifndef HOZEN_TOOLS_HOZEN_COMPLETION_H_
#define HOZEN_TOOLS_HOZEN_COMPLETION_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace hozen {

// What a command can be followed by.
struct CompletionOption {
  std::vector<std::string> names;  // "--json", "-q"
  std::string description;
  bool takes_value = false;
  bool is_file = false;              // the value
  std::vector<std::string> choices;  // of the value
};
struct CompletionCommand {
  std::string path;  // "customer add"; empty for the program itself
  std::string description;
  std::vector<std::string> subcommands;
  std::vector<CompletionOption> options;
  bool takes_files = false;
};

// The script for "bash", "zsh" or "fish"; InvalidArgument for another shell. `commands` are all of the tree, the
// program itself first.
absl::StatusOr<std::string> CompletionScript(std::string_view shell, std::string_view program,
                                             const std::vector<CompletionCommand>& commands);

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_COMPLETION_H_
