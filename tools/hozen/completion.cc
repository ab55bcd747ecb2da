#include "tools/hozen/completion.h"

#include <map>

#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "core/base/concat.h"

namespace hozen {
namespace {

// Inside '...' of sh, zsh and fish.
std::string Quoted(std::string_view text) {
  return Concat("'", absl::StrReplaceAll(AbslView(text), {{"'", "'\\''"}, {"\n", " "}}), "'");
}

std::string FishQuoted(std::string_view text) {
  return Concat("'", absl::StrReplaceAll(AbslView(text), {{"\\", "\\\\"}, {"'", "\\'"}, {"\n", " "}}), "'");
}

// A zsh _describe item "name:description".
std::string ZshItem(std::string_view name, std::string_view description) {
  return Quoted(Concat(absl::StrReplaceAll(AbslView(name), {{":", "\\:"}}), ":",
                       absl::StrReplaceAll(AbslView(description), {{":", "\\:"}})));
}

std::vector<std::string> WordsAfter(const CompletionCommand& command) {
  std::vector<std::string> words = command.subcommands;
  for (const CompletionOption& option : command.options)
    words.insert(words.end(), option.names.begin(), option.names.end());
  return words;
}

// The part that bash and zsh share: which command the words so far name, as a case statement over "$path $word".
std::string KnownPaths(const std::vector<CompletionCommand>& commands) {
  std::vector<std::string> paths;
  for (const CompletionCommand& command : commands) {
    if (!command.path.empty()) paths.push_back(Quoted(command.path));
  }
  return absl::StrJoin(paths, "|");
}

std::string Bash(std::string_view program, const std::vector<CompletionCommand>& commands) {
  std::string script =
      Concat("# bash completion for ", program, "; made by: ", program, " completion bash\n", "_", program, "() {\n",
             "  local current=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\" path='' word i\n"
             "  COMPREPLY=()\n"
             "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
             "    word=\"${path:+$path }${COMP_WORDS[i]}\"\n"
             "    case \"$word\" in\n      ",
             KnownPaths(commands), ") path=\"$word\" ;;\n    esac\n  done\n", "  case \"$path $previous\" in\n");
  for (const CompletionCommand& command : commands) {
    for (const CompletionOption& option : command.options) {
      if (!option.takes_value) continue;
      std::vector<std::string> patterns;
      for (const std::string& name : option.names) patterns.push_back(Quoted(Concat(command.path, " ", name)));
      script += Concat("    ", absl::StrJoin(patterns, "|"), ") ");
      if (!option.choices.empty()) {
        script += Concat("COMPREPLY=($(compgen -W ", Quoted(absl::StrJoin(option.choices, " ")), " -- \"$current\"))");
      } else if (option.is_file) {
        script += "COMPREPLY=($(compgen -f -- \"$current\"))";
      } else {
        script += ":";
      }
      script += "; return ;;\n";
    }
  }
  script += "  esac\n  case \"$path\" in\n";
  for (const CompletionCommand& command : commands) {
    script += Concat("    ", Quoted(command.path), ") COMPREPLY=($(compgen -W ",
                     Quoted(absl::StrJoin(WordsAfter(command), " ")), " -- \"$current\"))");
    if (command.takes_files) script += "; [[ $current == -* ]] || COMPREPLY+=($(compgen -f -- \"$current\"))";
    script += " ;;\n";
  }
  script += Concat("  esac\n}\ncomplete -o filenames -F _", program, " ", program, "\n");
  return script;
}

std::string Zsh(std::string_view program, const std::vector<CompletionCommand>& commands) {
  std::map<std::string, std::string> descriptions;
  for (const CompletionCommand& command : commands) descriptions[command.path] = command.description;
  std::string script = Concat("#compdef ", program, "\n# zsh completion for ", program, "; made by: ", program,
                              " completion zsh\n", "_", program,
                              "() {\n"
                              "  local command='' word i\n"
                              "  local -a items\n"
                              "  for ((i = 2; i < CURRENT; i++)); do\n"
                              "    word=\"${command:+$command }${words[i]}\"\n"
                              "    case \"$word\" in\n      ",
                              KnownPaths(commands), ") command=\"$word\" ;;\n    esac\n  done\n",
                              "  case \"$command ${words[CURRENT-1]}\" in\n");
  for (const CompletionCommand& command : commands) {
    for (const CompletionOption& option : command.options) {
      if (!option.takes_value) continue;
      std::vector<std::string> patterns;
      for (const std::string& name : option.names) patterns.push_back(Quoted(Concat(command.path, " ", name)));
      script += Concat("    ", absl::StrJoin(patterns, "|"), ") ");
      if (!option.choices.empty()) {
        std::vector<std::string> quoted;
        for (const std::string& choice : option.choices) quoted.push_back(Quoted(choice));
        script += Concat("compadd -- ", absl::StrJoin(quoted, " "));
      } else if (option.is_file) {
        script += "_files";
      } else {
        script += ":";
      }
      script += "; return ;;\n";
    }
  }
  script += "  esac\n  case \"$command\" in\n";
  for (const CompletionCommand& command : commands) {
    std::vector<std::string> items;
    for (const std::string& name : command.subcommands) {
      items.push_back(ZshItem(name, descriptions[command.path.empty() ? name : Concat(command.path, " ", name)]));
    }
    for (const CompletionOption& option : command.options) {
      for (const std::string& name : option.names) items.push_back(ZshItem(name, option.description));
    }
    script += Concat("    ", Quoted(command.path), ") items=(", absl::StrJoin(items, " "), ")");
    if (command.takes_files) script += "; _files";
    script += " ;;\n";
  }
  // Both as an autoloaded file and as something that is sourced.
  script += Concat("  esac\n  _describe '", program, "' items\n}\nif [ \"${funcstack[1]}\" = \"_", program,
                   "\" ]; then\n  _", program, " \"$@\"\nelse\n  compdef _", program, " ", program, "\nfi\n");
  return script;
}

std::string Fish(std::string_view program, const std::vector<CompletionCommand>& commands) {
  std::map<std::string, std::string> descriptions;
  for (const CompletionCommand& command : commands) descriptions[command.path] = command.description;
  std::vector<std::string> paths;
  for (const CompletionCommand& command : commands) {
    if (!command.path.empty()) paths.push_back(FishQuoted(command.path));
  }
  const std::string is_at = Concat("__", program, "_is_at");
  std::string script =
      Concat("# fish completion for ", program, "; made by: ", program, " completion fish\n", "function ", is_at, "\n",
             "  set -l at ''\n"
             "  for word in (commandline -opc)[2..-1]\n"
             "    set -l next (string trim -- \"$at $word\")\n"
             "    contains -- \"$next\" ",
             absl::StrJoin(paths, " "), "; and set at \"$next\"\n", "  end\n  test \"$at\" = \"$argv[1]\"\nend\n",
             "complete -c ", program, " -f\n");
  for (const CompletionCommand& command : commands) {
    const std::string condition = Concat("complete -c ", program, " -n \"", is_at, " ", FishQuoted(command.path), "\"");
    for (const std::string& name : command.subcommands) {
      const std::string path = command.path.empty() ? name : Concat(command.path, " ", name);
      script += Concat(condition, " -a ", name, " -d ", FishQuoted(descriptions[path]), "\n");
    }
    for (const CompletionOption& option : command.options) {
      script += condition;
      for (const std::string& name : option.names) {
        script += name.starts_with("--") ? Concat(" -l ", name.substr(2)) : Concat(" -s ", name.substr(1));
      }
      if (option.takes_value) script += option.is_file ? " -r -F" : " -x";
      if (!option.choices.empty()) script += Concat(" -a ", FishQuoted(absl::StrJoin(option.choices, " ")));
      script += Concat(" -d ", FishQuoted(option.description), "\n");
    }
    if (command.takes_files) script += Concat(condition, " -F\n");
  }
  return script;
}

}  // namespace

absl::StatusOr<std::string> CompletionScript(std::string_view shell, std::string_view program,
                                             const std::vector<CompletionCommand>& commands) {
  if (shell == "bash") return Bash(program, commands);
  if (shell == "zsh") return Zsh(program, commands);
  if (shell == "fish") return Fish(program, commands);
  return absl::InvalidArgumentError(Concat("no completion for the shell \"", shell, "\"; there is bash, zsh and fish"));
}

}  // namespace hozen
