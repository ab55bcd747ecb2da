// The tree of arguments as completion scripts see it.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"
#include "core/command_line/command_line.h"
#include "tools/hozen/argument_types.h"
#include "tools/hozen/commands.h"
#include "tools/hozen/completion.h"
#include "tools/hozen/json_rendering.h"

namespace hozen {
namespace {

// "TEXT:{zip,raw,bodyfile}" -> its members.
std::vector<std::string> ChoicesOf(const std::string& type_name) {
  const size_t begin = type_name.find('{');
  const size_t end = type_name.rfind('}');
  if (begin == std::string::npos || end == std::string::npos || end <= begin) return {};
  return absl::StrSplit(type_name.substr(begin + 1, end - begin - 1), ',', absl::SkipEmpty());
}

bool IsFile(const std::string& type_name) { return type_name.starts_with("FILE") || type_name.starts_with("DIR"); }

void Describe(Command command, const std::string& path, std::vector<CompletionCommand>& commands) {
  CompletionCommand described;
  described.path = path;
  described.description = command.description();
  const std::vector<Command> subcommands = command.Commands();
  for (const Command& subcommand : subcommands) described.subcommands.push_back(subcommand.name());
  for (OptionDescription& option : command.Options()) {
    if (option.is_positional) {
      const std::string& name = option.names.front();
      described.takes_files = described.takes_files || name.find("FILE") != std::string::npos;
      continue;
    }
    if (option.names.empty()) continue;
    described.options.push_back({.names = std::move(option.names),
                                 .description = std::move(option.description),
                                 .takes_value = option.takes_value,
                                 .is_file = IsFile(option.type_name),
                                 .choices = ChoicesOf(option.type_name)});
  }
  commands.push_back(std::move(described));
  for (const Command& subcommand : subcommands) {
    Describe(subcommand, path.empty() ? subcommand.name() : Concat(path, " ", subcommand.name()), commands);
  }
}

absl::StatusOr<ExitCode> Complete(Command app, Invocation& invocation, const std::string& shell) {
  std::vector<CompletionCommand> commands;
  Describe(app, "", commands);
  HOZEN_ASSIGN_OR_RETURN(const std::string script, CompletionScript(shell, "hozen", commands));
  if (invocation.console.json()) {
    Json json;
    json["shell"] = shell;
    json["script"] = script;
    invocation.console.Print(JsonDocument(json));
  } else {
    invocation.console.Print(script);
  }
  return ExitCode::kOk;
}

}  // namespace

void AddCompletionCommands(Command app, Invocation& invocation) {
  const Command completion =
      app.AddCommand("completion", Text("Print a completion script for a shell", "シェルの補完スクリプトを表示する"));
  auto shell = std::make_shared<std::string>();
  completion.AddOption("SHELL", *shell, "bash, zsh, fish").Required().OneOf({"bash", "zsh", "fish"});
  completion.Footer(Text("Examples:", "例:") +
                    "\n  hozen completion bash > /etc/bash_completion.d/hozen\n  source <(hozen completion zsh)"
                    "\n  hozen completion fish > ~/.config/fish/completions/hozen.fish");
  completion.OnGiven([app, &invocation, shell] {
    invocation.chosen = [app, &invocation, shell] { return Complete(app, invocation, *shell); };
  });
}

}  // namespace hozen
