#include "core/command_line/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace hozen {
namespace {

using Kind = ParseResult::Kind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// A program with a command of everything.
class CommandLineTest : public ::testing::Test {
 protected:
  CommandLineTest() : line_("Keeps things.", "keeper"), take_(Build()) {}

  Command Build() {
    line_.SetVersion("keeper 1.2");
    line_.SetHelpAllFlag("--help-all", "All help");
    const Command root = line_.root();
    root.FallThrough().RequireCommand().Footer("Exit codes: 0");
    root.AddFlag("-q,--quiet", quiet_, "Say nothing");
    const Command take = root.AddCommand("take", "Take one");
    take.AddOption("WHAT", what_, "Which").Required();
    take.AddOption("--kind", kind_, "What kind").OneOf({"big", "small"});
    take.AddOption("--of", of_, "Of these").Separator(',').OneValueEach();
    take.AddOption("--port", port_, "Where").Between(1u, 100u).TypeName("N").ShowDefault();
    take.AddOption("--bytes", bytes_, "How much").Between(uint64_t{0}, uint64_t{1} << 40);
    const Option item = take.AddOption("--item", item_, "Which item").NotNegative();
    take.AddOption("--offset", offset_, "From where").Between(int64_t{-5}, int64_t{5}).Excludes(item);
    take.AddFlag("--list{/}", list_, "List PATH");
    take.AddFlag("--internal", internal_, "").Hidden();
    take.AddReadOption(
            "--even",
            [this](const std::string& text) {
              if (text != "two") return absl::InvalidArgumentError("is odd");
              even_ = 2;
              return absl::OkStatus();
            },
            "An even number")
        .TypeName("NUMBER");
    take.OnGiven([this] { ++called_; });
    root.AddCommand("secret", "").Hidden();
    return take;
  }

  ParseResult Parse(std::vector<std::string> words) { return line_.Parse(std::move(words)); }

  bool quiet_ = false;
  bool internal_ = false;
  std::string what_;
  std::string kind_;
  std::string list_;
  std::vector<std::string> of_;
  uint32_t port_ = 80;
  uint64_t bytes_ = 0;
  int64_t item_ = -1;
  int64_t offset_ = 0;
  std::optional<int> even_;
  int called_ = 0;
  CommandTree line_;
  Command take_;
};

TEST_F(CommandLineTest, ReadsWordsIntoVariables) {
  const ParseResult result = Parse({"take", "cup", "--kind=big", "--of", "a,b", "--of", "c", "--port", "7", "--bytes",
                                    "5000000000", "--offset", "-3", "--list=/home", "--internal", "--even", "two"});
  EXPECT_EQ(result.kind, Kind::kGiven) << result.fault;
  EXPECT_EQ(what_, "cup");
  EXPECT_EQ(kind_, "big");
  EXPECT_THAT(of_, ElementsAre("a", "b", "c"));
  EXPECT_EQ(port_, 7u);
  EXPECT_EQ(bytes_, 5'000'000'000u);
  EXPECT_EQ(item_, -1);
  EXPECT_EQ(offset_, -3);
  EXPECT_EQ(list_, "/home");
  EXPECT_TRUE(internal_);
  EXPECT_EQ(even_, 2);
  EXPECT_EQ(called_, 1);
  EXPECT_TRUE(take_.WasGiven());
  EXPECT_FALSE(quiet_);
}

TEST_F(CommandLineTest, OptionsOfTheProgramStandBehindACommandToo) {
  EXPECT_EQ(Parse({"take", "cup", "-q", "--list"}).kind, Kind::kGiven);
  EXPECT_TRUE(quiet_);
  EXPECT_EQ(list_, "/");
}

TEST_F(CommandLineTest, AnswersWithHelpOfTheCommand) {
  const ParseResult result = Parse({"take", "--help"});
  EXPECT_EQ(result.kind, Kind::kAnswer);
  EXPECT_THAT(result.text, HasSubstr("Usage: keeper take [OPTIONS] WHAT\n"));
  EXPECT_THAT(result.text, HasSubstr("--port N:UINT in [1 - 100]=80"));
  EXPECT_THAT(result.text, HasSubstr("--kind TEXT:{big,small}"));
  EXPECT_THAT(result.text, Not(HasSubstr("--internal")));
  EXPECT_EQ(result.text, line_.Help());
  EXPECT_EQ(called_, 0);
}

TEST_F(CommandLineTest, AnswersWithHelpOfAll) {
  const ParseResult result = Parse({"--help-all"});
  EXPECT_EQ(result.kind, Kind::kAnswer);
  EXPECT_THAT(result.text, HasSubstr("Keeps things.\n"));
  EXPECT_THAT(result.text, HasSubstr("--even NUMBER"));
  EXPECT_THAT(result.text, HasSubstr("Exit codes: 0"));
  EXPECT_THAT(result.text, Not(HasSubstr("secret")));
}

TEST_F(CommandLineTest, AnswersWithTheVersion) {
  const ParseResult result = Parse({"--version"});
  EXPECT_EQ(result.kind, Kind::kAnswer);
  EXPECT_EQ(result.text, "keeper 1.2\n");
}

TEST_F(CommandLineTest, TellsAnUnknownCommand) {
  const ParseResult result = Parse({"tkae", "cup"});
  EXPECT_EQ(result.kind, Kind::kMisuse);
  EXPECT_EQ(result.unknown_command, "tkae");
}

TEST_F(CommandLineTest, TellsAnEmptyWordFromNoWord) {
  EXPECT_EQ(Parse({""}).unknown_command, "");
  EXPECT_EQ(Parse({}).unknown_command, std::nullopt);
}

TEST_F(CommandLineTest, TellsAnUnknownOption) {
  const ParseResult result = Parse({"take", "cup", "--kindd", "big"});
  EXPECT_EQ(result.kind, Kind::kMisuse);
  EXPECT_EQ(result.unknown_command, std::nullopt);
  EXPECT_THAT(result.fault, HasSubstr("--kindd"));
  EXPECT_EQ(result.text, result.fault + "\nRun with --help or --help-all for more information.\n");
}

struct Misuse {
  std::vector<std::string> words;
  std::string fault;
};

class MisuseTest : public CommandLineTest, public ::testing::WithParamInterface<Misuse> {};

TEST_P(MisuseTest, IsTold) {
  const ParseResult result = Parse(GetParam().words);
  EXPECT_EQ(result.kind, Kind::kMisuse);
  EXPECT_EQ(result.fault, GetParam().fault);
  EXPECT_EQ(called_, 0);
}

INSTANTIATE_TEST_SUITE_P(
    All, MisuseTest,
    ::testing::Values(Misuse{{}, "A subcommand is required"}, Misuse{{"take"}, "WHAT is required"},
                      Misuse{{"take", "x", "--kind", "huge"}, "--kind: huge not in {big,small}"},
                      Misuse{{"take", "x", "--port", "0"}, "--port: Value 0 not in range 1 to 100"},
                      Misuse{{"take", "x", "--item", "1", "--offset", "1"}, "--item excludes --offset"},
                      Misuse{{"take", "x", "--offset", "6"}, "--offset: Value 6 not in range -5 to 5"},
                      Misuse{{"take", "x", "--of", "a", "b"}, "The following argument was not expected: b"},
                      Misuse{{"take", "x", "--even", "three"}, "--even: is odd"}));

TEST_F(CommandLineTest, TheTreeCanBeWalked) {
  const std::vector<Command> commands = line_.root().Commands();
  ASSERT_EQ(commands.size(), 2u);
  EXPECT_EQ(commands[0].name(), "take");
  EXPECT_EQ(commands[0].description(), "Take one");
  EXPECT_EQ(commands[1].name(), "secret");
  EXPECT_THAT(commands[0].Commands(), IsEmpty());

  const std::vector<OptionDescription> options = take_.Options();
  ASSERT_GE(options.size(), 4u);
  EXPECT_THAT(options[0].names, ElementsAre("--help", "-h"));
  const auto named = [&](const std::string& name) {
    for (const OptionDescription& option : options) {
      if (option.names.front() == name) return option;
    }
    ADD_FAILURE() << name;
    return OptionDescription();
  };
  EXPECT_TRUE(named("WHAT").is_positional);
  EXPECT_EQ(named("--kind").type_name, "TEXT:{big,small}");
  EXPECT_EQ(named("--kind").description, "What kind");
  EXPECT_TRUE(named("--kind").takes_value);
  EXPECT_TRUE(named("WHAT").takes_value);
  for (const char* flag : {"--help", "--list", "--internal"}) EXPECT_FALSE(named(flag).takes_value) << flag;
}

}  // namespace
}  // namespace hozen
