#include "core/command_line/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>

namespace hozen {
namespace {

// What CLI11 takes.
std::string Owned(std::string_view text) { return std::string(text); }

}  // namespace

Option Option::Required() const {
  option_->required();
  return *this;
}

Option Option::TypeName(std::string_view name) const {
  option_->type_name(Owned(name));
  return *this;
}

Option Option::ShowDefault() const {
  option_->capture_default_str();
  return *this;
}

Option Option::Excludes(Option other) const {
  option_->excludes(other.option_);
  return *this;
}

Option Option::Hidden() const {
  option_->group("");
  return *this;
}

Option Option::OneOf(const std::vector<std::string>& values) const {
  option_->check(CLI::IsMember(values));
  return *this;
}

Option Option::Between(uint32_t least, uint32_t most) const {
  option_->check(CLI::Range(least, most));
  return *this;
}

Option Option::Between(uint64_t least, uint64_t most) const {
  option_->check(CLI::Range(least, most));
  return *this;
}

Option Option::Between(int64_t least, int64_t most) const {
  option_->check(CLI::Range(least, most));
  return *this;
}

Option Option::NotNegative() const {
  option_->check(CLI::NonNegativeNumber);
  return *this;
}

Option Option::OneValueEach() const {
  option_->allow_extra_args(false);
  return *this;
}

Option Option::Separator(char separator) const {
  option_->delimiter(separator);
  return *this;
}

Command Command::AddCommand(std::string_view name, std::string_view description) const {
  return Command(command_->add_subcommand(Owned(name), Owned(description)));
}

Command Command::RequireCommand() const {
  command_->require_subcommand(1);
  return *this;
}

Command Command::FallThrough() const {
  command_->fallthrough();
  return *this;
}

Command Command::Footer(std::string_view text) const {
  command_->footer(Owned(text));
  return *this;
}

Command Command::Hidden() const {
  command_->group("");
  return *this;
}

Command Command::OnGiven(std::function<void()> call) const {
  command_->callback(std::move(call));
  return *this;
}

Option Command::AddOption(std::string_view names, std::string& target, std::string_view description) const {
  return Option(command_->add_option(Owned(names), target, Owned(description)));
}

Option Command::AddOption(std::string_view names, std::vector<std::string>& target,
                          std::string_view description) const {
  return Option(command_->add_option(Owned(names), target, Owned(description)));
}

Option Command::AddOption(std::string_view names, uint32_t& target, std::string_view description) const {
  return Option(command_->add_option(Owned(names), target, Owned(description)));
}

Option Command::AddOption(std::string_view names, uint64_t& target, std::string_view description) const {
  return Option(command_->add_option(Owned(names), target, Owned(description)));
}

Option Command::AddOption(std::string_view names, int64_t& target, std::string_view description) const {
  return Option(command_->add_option(Owned(names), target, Owned(description)));
}

Option Command::AddReadOption(std::string_view name, std::function<absl::Status(const std::string&)> read,
                              std::string_view description) const {
  return Option(command_->add_option_function<std::string>(
      Owned(name),
      [name = Owned(name), read = std::move(read)](const std::string& text) {
        const absl::Status status = read(text);
        if (!status.ok()) throw CLI::ValidationError(name, std::string(status.message()));
      },
      Owned(description)));
}

Option Command::AddFlag(std::string_view names, bool& target, std::string_view description) const {
  return Option(command_->add_flag(Owned(names), target, Owned(description)));
}

Option Command::AddFlag(std::string_view names, std::string& target, std::string_view description) const {
  return Option(command_->add_flag(Owned(names), target, Owned(description)));
}

bool Command::WasGiven() const { return command_->parsed(); }

const std::string& Command::name() const { return command_->get_name(); }

std::string Command::description() const { return command_->get_description(); }

std::vector<Command> Command::Commands() const {
  std::vector<Command> commands;
  for (CLI::App* const command : command_->get_subcommands([](CLI::App*) { return true; })) {
    commands.push_back(Command(command));
  }
  return commands;
}

std::vector<OptionDescription> Command::Options() const {
  std::vector<OptionDescription> options;
  for (const CLI::Option* const option : command_->get_options([](const CLI::Option*) { return true; })) {
    OptionDescription described;
    described.description = option->get_description();
    described.type_name = option->get_type_name();
    described.is_positional = option->get_positional();
    described.takes_value = option->get_items_expected_max() > 0;
    if (described.is_positional) {
      described.names.push_back(option->get_name(true));
    } else {
      for (const std::string& name : option->get_lnames()) described.names.push_back("--" + name);
      for (const std::string& name : option->get_snames()) described.names.push_back("-" + name);
    }
    options.push_back(std::move(described));
  }
  return options;
}

CommandTree::CommandTree(std::string_view description, std::string_view name)
    : app_(std::make_unique<CLI::App>(Owned(description), Owned(name))) {}

CommandTree::~CommandTree() = default;

void CommandTree::SetVersion(std::string_view text) { app_->set_version_flag("--version", Owned(text)); }

void CommandTree::SetHelpFlag(std::string_view names, std::string_view description) {
  app_->set_help_flag(Owned(names), Owned(description));
}

void CommandTree::SetHelpAllFlag(std::string_view names, std::string_view description) {
  app_->set_help_all_flag(Owned(names), Owned(description));
}

Command CommandTree::root() const { return Command(app_.get()); }

std::string CommandTree::Help() const { return app_->help(); }

ParseResult CommandTree::Parse(std::vector<std::string> words) {
  using Kind = ParseResult::Kind;
  std::reverse(words.begin(), words.end());  // the last one first is how CLI11 wants them
  try {
    app_->parse(std::move(words));
    return {};
  } catch (const CLI::CallForHelp&) {
    return {.kind = Kind::kAnswer, .text = app_->help()};
  } catch (const CLI::CallForAllHelp&) {
    return {.kind = Kind::kAnswer, .text = app_->help("", CLI::AppFormatMode::All)};
  } catch (const CLI::CallForVersion& version) {
    return {.kind = Kind::kAnswer, .text = std::string(version.what()) + "\n"};
  } catch (const CLI::ParseError& error) {
    ParseResult misuse{
        .kind = Kind::kMisuse, .text = CLI::FailureMessage::simple(app_.get(), error), .fault = error.what()};
    const std::vector<std::string> unknown = app_->remaining();
    if (app_->get_subcommands().empty() && !unknown.empty()) misuse.unknown_command = unknown.front();
    return misuse;
  }
}

}  // namespace hozen
