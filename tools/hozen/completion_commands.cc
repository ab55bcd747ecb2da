// The tree of arguments as completion scripts see it.
#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"
#include "tools/hozen/argument_types.h"
#include "tools/hozen/commands.h"
#include "tools/hozen/completion.h"
#include "tools/hozen/json_rendering.h"

namespace hozen {
namespace {

// "TEXT:{zip,raw,bodyfile}" -> its members.
std::vector<std::string> ChoicesOf(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const size_t begin = type.find('{');
  const size_t end = type.rfind('}');
  if (begin == std::string::npos || end == std::string::npos || end <= begin) return {};
  return absl::StrSplit(type.substr(begin + 1, end - begin - 1), ',', absl::SkipEmpty());
}

bool IsFile(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  return type.starts_with("FILE") || type.starts_with("DIR");
}

void Describe(const CLI::App& app, const std::string& path, std::vector<CompletionCommand>& commands) {
  CompletionCommand command;
  command.path = path;
  command.description = app.get_description();
  std::vector<const CLI::App*> subcommands =
      app.get_subcommands([](const CLI::App* subcommand) { return !subcommand->get_name().empty(); });
  for (const CLI::App* subcommand : subcommands) command.subcommands.push_back(subcommand->get_name());
  for (const CLI::Option* option : app.get_options([](const CLI::Option*) { return true; })) {
    if (option->get_positional()) {
      const std::string name = option->get_name(true);
      command.takes_files = command.takes_files || name.find("FILE") != std::string::npos;
      continue;
    }
    CompletionOption described;
    for (const std::string& name : option->get_lnames()) described.names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) described.names.push_back("-" + name);
    described.description = option->get_description();
    described.takes_value = option->get_type_size() > 0;
    described.is_file = IsFile(*option);
    described.choices = ChoicesOf(*option);
    if (!described.names.empty()) command.options.push_back(std::move(described));
  }
  commands.push_back(std::move(command));
  for (const CLI::App* subcommand : subcommands) {
    Describe(*subcommand, path.empty() ? subcommand->get_name() : Concat(path, " ", subcommand->get_name()), commands);
  }
}

absl::StatusOr<ExitCode> Complete(const CLI::App& app, Invocation& invocation, const std::string& shell) {
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

void AddCompletionCommands(CLI::App& app, Invocation& invocation) {
  CLI::App* completion = app.add_subcommand(
      "completion", Text("Print a completion script for a shell", "シェルの補完スクリプトを表示する"));
  auto shell = std::make_shared<std::string>();
  completion->add_option("SHELL", *shell, "bash, zsh, fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion->footer(Text("Examples:", "例:") +
                     "\n  hozen completion bash > /etc/bash_completion.d/hozen\n  source <(hozen completion zsh)"
                     "\n  hozen completion fish > ~/.config/fish/completions/hozen.fish");
  completion->callback([&app, &invocation, shell] {
    invocation.chosen = [&app, &invocation, shell] { return Complete(app, invocation, *shell); };
  });
}

}  // namespace hozen
