#include "tools/hozen/completion.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <array>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "core/base/file.h"

namespace hozen {
namespace {

std::vector<CompletionCommand> Tree() {
  CompletionCommand program;
  program.subcommands = {"customer", "export"};
  program.options = {{{"--json"}, "Output as JSON", false, false, {}}};
  CompletionCommand customer{"customer", "It's \"quoted\": $HOME `x` 端末", {"add"}, {}, false};
  CompletionCommand add{"customer add", "Make one", {}, {{{"--out"}, "Where", true, true, {}}}, false};
  CompletionCommand take{
      "export", "Take away", {}, {{{"--format", "-f"}, "Which", true, false, {"zip", "raw", "bodyfile"}}}, true};
  return {program, customer, add, take};
}

struct Ran {
  int status = -1;
  std::string output;
};

Ran RunInShell(const std::string& command) {
  Ran ran;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return ran;
  std::array<char, 4096> buffer;
  for (size_t got; (got = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) ran.output.append(buffer.data(), got);
  ran.status = pclose(pipe);
  return ran;
}

class Completion : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "/completionXXXXXX";
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
  }

  std::string Write(const std::string& shell) {
    const auto script = CompletionScript(shell, "hozen", Tree());
    EXPECT_TRUE(script.ok());
    const std::string file = folder_ + "/hozen." + shell;
    EXPECT_TRUE(WriteFileAtomically(file, *script, 0600).ok());
    return file;
  }

  // What bash offers for these words.
  std::string BashOffers(const std::string& words, int current) {
    const std::string file = Write("bash");
    return RunInShell("bash -c 'source " + file + "; COMP_WORDS=(" + words +
                      "); COMP_CWORD=" + std::to_string(current) + "; _hozen; echo \"${COMPREPLY[*]}\"'")
        .output;
  }

  std::string folder_;
};

TEST_F(Completion, BashReadsTheScript) {
  const Ran ran = RunInShell("bash -n " + Write("bash"));
  EXPECT_EQ(ran.status, 0) << ran.output;
}

TEST_F(Completion, BashOffersCommandsOptionsAndChoices) {
  EXPECT_EQ(BashOffers("hozen cus", 1), "customer\n");
  EXPECT_EQ(BashOffers("hozen customer a", 2), "add\n");
  EXPECT_EQ(BashOffers("hozen --json customer \"\"", 3), "add\n");
  EXPECT_EQ(BashOffers("hozen export --format b", 3), "bodyfile\n");
  EXPECT_EQ(BashOffers("hozen export -f r", 3), "raw\n");
  EXPECT_EQ(BashOffers("hozen customer add --o", 3), "--out\n");
}

TEST_F(Completion, OtherShellsReadTheirsWhereTheyAreInstalled) {
  for (const std::string shell : {"zsh", "fish"}) {
    const std::string file = Write(shell);
    if (RunInShell("command -v " + shell).status != 0) continue;
    const Ran ran = RunInShell(shell + " -n " + file);
    EXPECT_EQ(ran.status, 0) << ran.output;
  }
}

TEST_F(Completion, NeverExpandsWhatADescriptionSays) {
  const auto zsh = CompletionScript("zsh", "hozen", Tree());
  ASSERT_TRUE(zsh.ok());
  EXPECT_NE(zsh->find("'customer:It'\\''s \"quoted\"\\: $HOME `x` 端末'"), std::string::npos) << *zsh;
  const auto fish = CompletionScript("fish", "hozen", Tree());
  ASSERT_TRUE(fish.ok());
  EXPECT_NE(fish->find("-d 'It\\'s \"quoted\": $HOME `x` 端末'"), std::string::npos) << *fish;
}

TEST_F(Completion, RefusesAShellThatItDoesNotKnow) {
  EXPECT_TRUE(absl::IsInvalidArgument(CompletionScript("tcsh", "hozen", Tree()).status()));
}

}  // namespace
}  // namespace hozen
