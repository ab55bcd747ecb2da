// The arguments of our programs: commands, options and flags, their help, and what was typed read into variables. A
// layer without templates over CLI11, which is all headers and costs every file that includes it ten seconds of a
// compiler: only command_line.cc does.
//
// Thread-compatible; built and read by main before there are threads. CommandTree owns the tree; Command and Option are
// handles to parts of it, copied freely, that must not outlive it. Variables given by reference must outlive Parse and
// hold their defaults before it. A description is what help says; names are as in "-q,--quiet", and a name without a
// hyphen is a positional argument's. A tree that makes no sense (a name given twice) ends the program: it is a bug that
// the first run shows.
#ifndef HOZEN_CORE_COMMAND_LINE_COMMAND_LINE_H_
#define HOZEN_CORE_COMMAND_LINE_COMMAND_LINE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace hozen {

// Each method returns the option again, so that they can be chained.
class Option {
 public:
  Option Required() const;
  // What help calls the value: "FILE".
  Option TypeName(std::string_view name) const;
  // Help also says what the variable holds now.
  Option ShowDefault() const;
  // Not together with the other one.
  Option Excludes(Option other) const;
  // Help does not tell of it.
  Option Hidden() const;

  // Other values are misuse. Both ends of a range are within it; help calls its numbers by the type of the ends.
  Option OneOf(const std::vector<std::string>& values) const;
  Option Between(uint32_t least, uint32_t most) const;
  Option Between(uint64_t least, uint64_t most) const;
  Option Between(int64_t least, int64_t most) const;
  Option NotNegative() const;

  // Of lists. "--path A B" does not take B; "--path A --path B" takes both.
  Option OneValueEach() const;
  // "A,B" are two values.
  Option Separator(char separator) const;

 private:
  friend class Command;
  explicit Option(CLI::Option* option) : option_(option) {}

  CLI::Option* option_;
};

// An option as it was declared, for who tells of it elsewhere than in help.
struct OptionDescription {
  std::vector<std::string> names;  // "--quiet", "-q"; of a positional argument its one name
  std::string description;
  std::string type_name;  // with what is checked: "TEXT:{zip,raw}"
  bool is_positional = false;
  bool takes_value = false;  // in a word of its own; no flag does, which may be given as --flag=false all the same
};

class Command {
 public:
  Command AddCommand(std::string_view name, std::string_view description) const;
  // One of the commands added to this one has to be given.
  Command RequireCommand() const;
  // Options that commands below do not know are looked for here: "hozen hosts --json". Before they are added.
  Command FallThrough() const;
  // Stands below the help.
  Command Footer(std::string_view text) const;
  // The help of the command above does not list it.
  Command Hidden() const;
  // Called by Parse where the command was given, once all of it is read.
  Command OnGiven(std::function<void()> call) const;

  Option AddOption(std::string_view names, std::string& target, std::string_view description) const;
  Option AddOption(std::string_view names, std::vector<std::string>& target, std::string_view description) const;
  Option AddOption(std::string_view names, uint32_t& target, std::string_view description) const;
  Option AddOption(std::string_view names, uint64_t& target, std::string_view description) const;
  Option AddOption(std::string_view names, int64_t& target, std::string_view description) const;
  // `read` takes the value; what it says of one that is wrong is the misuse that Parse tells of, behind `name`.
  Option AddReadOption(std::string_view name, std::function<absl::Status(const std::string&)> read,
                       std::string_view description) const;
  Option AddFlag(std::string_view names, bool& target, std::string_view description) const;
  // A flag that may have a value, as in --bodyfile=/home; "--bodyfile{/}" says what it is without.
  Option AddFlag(std::string_view names, std::string& target, std::string_view description) const;

  // After Parse.
  bool WasGiven() const;

  const std::string& name() const;
  std::string description() const;
  // In the order in which they were added, hidden ones and the flag for help among them.
  std::vector<Command> Commands() const;
  std::vector<OptionDescription> Options() const;

 private:
  friend class CommandTree;
  explicit Command(CLI::App* command) : command_(command) {}

  CLI::App* command_;
};

// How reading a command line ended.
struct ParseResult {
  enum class Kind {
    kGiven,   // the variables are set, and what was to be called has been
    kAnswer,  // help or the version was asked for: `text` is it, for standard output
    kMisuse,  // `text` says what is wrong and where to find help, for standard error
  };
  Kind kind = Kind::kGiven;
  std::string text;   // whole lines
  std::string fault;  // kMisuse: what is wrong, alone
  // kMisuse: the first word of no meaning, where not even a command was known. It may be empty.
  std::optional<std::string> unknown_command;
};

class CommandTree {
 public:
  // `name` is what help calls the program.
  CommandTree(std::string_view description, std::string_view name);
  ~CommandTree();
  CommandTree(const CommandTree&) = delete;
  CommandTree& operator=(const CommandTree&) = delete;

  // "--version" answers with this.
  void SetVersion(std::string_view text);
  // Both are for commands that are added later, too. --help-all answers with the help of all commands.
  void SetHelpFlag(std::string_view names, std::string_view description);
  void SetHelpAllFlag(std::string_view names, std::string_view description);

  // The program itself.
  Command root() const;
  // Of the command that was given last, else of the program.
  std::string Help() const;

  // `words` come behind the program's name. To be called once.
  ParseResult Parse(std::vector<std::string> words);

 private:
  std::unique_ptr<CLI::App> app_;
};

}  // namespace hozen

#endif  // HOZEN_CORE_COMMAND_LINE_COMMAND_LINE_H_
