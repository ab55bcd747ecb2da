#include "core/artifact/definitions.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <string>

#include "core/artifact/testing_debian_definitions.h"
#include "core/base/concat.h"
#include "core/base/file.h"
#include "core/base/testing_folder.h"
#include "core/plan/plan.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kSample = R"(# A comment before the first document.
---
name: Passwords
aliases: [Passwd]
doc: Who is who.
sources:
- type: FILE
  attributes:
    paths: ['/etc/passwd', '/etc/shadow']
supported_os: [Linux]
urls: ['https://example.org/']
---
name: Homes
doc: Everywhere.
sources:
- type: PATH
  attributes: {paths: ['%%users.homedir%%/*']}
  supported_os: [Linux, Darwin]
- type: FILE
  attributes: {paths: ['%%users.localappdata%%\\x'], separator: '\'}
  supported_os: [Windows]
---
name: Processes
doc: ps
sources:
- type: COMMAND
  attributes: {cmd: /bin/ps, args: ['-ef', 7]}
supported_os: [Linux]
---
name: Everything
doc: All.
sources:
- type: ARTIFACT_GROUP
  attributes: {names: [Passwords, Homes, Processes, Passwd]}
)";

ArtifactDefinitions Sample() {
  ArtifactDefinitions definitions;
  EXPECT_TRUE(definitions.AddYaml(kSample, "sample.yaml").ok());
  return definitions;
}

absl::Status Add(std::string_view yaml) { return ArtifactDefinitions().AddYaml(yaml, "bad.yaml"); }

void ExpectBad(std::string_view yaml, std::string_view says) {
  const absl::Status status = Add(yaml);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << yaml;
  EXPECT_THAT(std::string(status.message()), HasSubstr("bad.yaml"));
  EXPECT_THAT(std::string(status.message()), HasSubstr(std::string(says)));
}

class Folder {
 public:
  void Write(const std::string& name, const std::string& text) const { PutFile(folder_ / name, text); }
  const std::filesystem::path& path() const { return folder_.path(); }

 private:
  const TestingFolder folder_;
};

TEST(ArtifactDefinitionsTest, ReadsWhatADefinitionSays) {
  const ArtifactDefinitions definitions = Sample();
  const ArtifactDefinition* const passwords = definitions.Find("Passwords");
  ASSERT_NE(passwords, nullptr);
  EXPECT_EQ(definitions.Find("Passwd"), passwords);
  EXPECT_EQ(definitions.Find("passwords"), nullptr);
  EXPECT_EQ(passwords->doc, "Who is who.");
  EXPECT_EQ(passwords->origin, "sample.yaml");
  EXPECT_THAT(passwords->supported_os, ElementsAre("Linux"));
  EXPECT_THAT(passwords->urls, ElementsAre("https://example.org/"));
  ASSERT_EQ(passwords->sources.size(), 1u);
  EXPECT_THAT(passwords->sources[0].paths, ElementsAre("/etc/passwd", "/etc/shadow"));
  EXPECT_EQ(passwords->sources[0].separator, "/");
  EXPECT_EQ(definitions.Find("Homes")->sources[1].separator, "\\");
  EXPECT_THAT(definitions.Find("Processes")->sources[0].arguments, ElementsAre("-ef", "7"));
  ASSERT_EQ(definitions.All().size(), 4u);
  EXPECT_EQ(definitions.All()[0]->name, "Everything");
}

TEST(ArtifactDefinitionsTest, GroupsUnfoldAndOtherSystemsAreNamed) {
  absl::StatusOr<ResolvedArtifacts> resolved = Sample().Resolve({"Everything"}, "linux");
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_THAT(Patterns(*resolved), ElementsAre("/etc/passwd", "/etc/shadow", "%%users.homedir%%/*", "/bin/ps"));
  EXPECT_EQ(resolved->targets[0].artifact(), "Passwords");
  EXPECT_TRUE(resolved->targets[0].has_file());
  EXPECT_EQ(resolved->targets[0].file().separator(), "/");
  EXPECT_TRUE(resolved->targets[2].has_path());
  EXPECT_THAT(resolved->targets[3].command().arguments(), ElementsAre("-ef", "7"));
  ASSERT_EQ(resolved->not_run.size(), 1u);
  EXPECT_EQ(resolved->not_run[0].artifact, "Homes");
  EXPECT_EQ(resolved->not_run[0].source_type, "FILE");
  EXPECT_THAT(resolved->not_run[0].reason, HasSubstr("for Windows, not for Linux"));
}

TEST(ArtifactDefinitionsTest, EqualTargetsAreGivenOnce) {
  ArtifactDefinitions definitions = Sample();
  ASSERT_TRUE(definitions
                  .AddYaml("name: Again\nsources:\n- type: FILE\n  attributes: {paths: [/etc/passwd, /etc/passwd]}\n"
                           "- type: PATH\n  attributes: {paths: [/etc/passwd]}\n",
                           "again.yaml")
                  .ok());
  absl::StatusOr<ResolvedArtifacts> resolved = definitions.Resolve({"Passwords", "Again", "Passwords"}, "linux");
  ASSERT_TRUE(resolved.ok());
  EXPECT_THAT(Patterns(*resolved), ElementsAre("/etc/passwd", "/etc/shadow", "/etc/passwd"));
  EXPECT_TRUE(resolved->targets[2].has_path());
}

TEST(ArtifactDefinitionsTest, KindsOfStateAreTargetsAndUnknownOnesAreNamed) {
  ArtifactDefinitions definitions;
  ASSERT_TRUE(definitions
                  .AddYaml("name: State\nsources:\n- type: HOZEN_STATE\n  attributes: {kinds: [clock, weather, "
                           "hidden_processes, unspecified]}\n",
                           "state.yaml")
                  .ok());
  absl::StatusOr<ResolvedArtifacts> resolved = definitions.Resolve({"State"}, "linux");
  ASSERT_TRUE(resolved.ok());
  ASSERT_EQ(resolved->targets.size(), 2u);
  EXPECT_EQ(resolved->targets[0].state().kind(), v1::Target::VolatileState::KIND_CLOCK);
  EXPECT_EQ(resolved->targets[1].state().kind(), v1::Target::VolatileState::KIND_HIDDEN_PROCESSES);
  ASSERT_EQ(resolved->not_run.size(), 2u);
  EXPECT_THAT(resolved->not_run[0].reason, HasSubstr("\"weather\""));
  ExpectBad("name: State\nsources:\n- type: HOZEN_STATE\n  attributes: {}\n", "kinds");
}

TEST(ArtifactDefinitionsTest, ListingsAreTargets) {
  ArtifactDefinitions definitions;
  ASSERT_TRUE(
      definitions.AddYaml("name: All\nsources:\n- type: HOZEN_LISTING\n  attributes: {paths: [/, /home]}\n", "all.yaml")
          .ok());
  absl::StatusOr<ResolvedArtifacts> resolved = definitions.Resolve({"All"}, "linux");
  ASSERT_TRUE(resolved.ok());
  ASSERT_EQ(resolved->targets.size(), 2u);
  EXPECT_EQ(resolved->targets[0].listing().path(), "/");
  EXPECT_EQ(resolved->targets[1].listing().path(), "/home");
  ExpectBad("name: All\nsources:\n- type: HOZEN_LISTING\n  attributes: {}\n", "paths");
}

TEST(ArtifactDefinitionsTest, WindowsPathsDoNotRunOnLinux) {
  ArtifactDefinitions definitions;
  ASSERT_TRUE(
      definitions
          .AddYaml("name: Mixed\nsources:\n- type: FILE\n  attributes:\n    separator: '\\'\n    paths: ['C:\\x']\n"
                   "- type: FILE\n  attributes:\n    paths: ['%%environ_systemroot%%/x', '/ok', 'relative', "
                   "'/a/[b', '/%%x']\n- type: REGISTRY_KEY\n  attributes: {keys: ['HKLM\\x']}\n",
                   "mixed.yaml")
          .ok());
  absl::StatusOr<ResolvedArtifacts> resolved = definitions.Resolve({"Mixed"}, "linux");
  ASSERT_TRUE(resolved.ok());
  EXPECT_THAT(Patterns(*resolved), ElementsAre("/ok"));
  ASSERT_EQ(resolved->not_run.size(), 6u);
  EXPECT_THAT(resolved->not_run[0].reason, HasSubstr("path of Windows"));
  EXPECT_THAT(resolved->not_run[1].reason, HasSubstr("%%environ_systemroot%%"));
  EXPECT_THAT(resolved->not_run[2].reason, HasSubstr("relative"));
  EXPECT_THAT(resolved->not_run[3].reason, HasSubstr("["));
  EXPECT_THAT(resolved->not_run[4].reason, HasSubstr("%%"));
  EXPECT_EQ(resolved->not_run[5].source_type, "REGISTRY_KEY");
}

TEST(ArtifactDefinitionsTest, WindowsPathsRunOnWindows) {
  absl::StatusOr<ResolvedArtifacts> resolved = Sample().Resolve({"Homes"}, "windows");
  ASSERT_TRUE(resolved.ok());
  ASSERT_EQ(resolved->targets.size(), 1u);
  EXPECT_EQ(resolved->targets[0].file().separator(), "\\");
  EXPECT_EQ(Sample().Resolve({"Homes"}, "plan9").status().code(), absl::StatusCode::kInvalidArgument);
}

// What registry sources of a definition mean on a Windows disk: each target as KEY, or KEY|VALUE.
std::vector<std::string> RegistryOf(std::string_view sources, std::vector<NotRun>& not_run) {
  ArtifactDefinitions definitions;
  EXPECT_TRUE(definitions.AddYaml(Concat("name: R\nsources:\n", sources), "r.yaml").ok());
  absl::StatusOr<ResolvedArtifacts> resolved = definitions.Resolve({"R"}, "windows", HostState::kOffline);
  EXPECT_TRUE(resolved.ok()) << resolved.status();
  if (!resolved.ok()) return {};
  not_run = resolved->not_run;
  std::vector<std::string> keys;
  for (const v1::Target& target : resolved->targets) {
    const v1::Target::RegistryPattern& registry = target.registry();
    keys.push_back(registry.one_value() ? Concat(registry.key(), "|", registry.value()) : registry.key());
  }
  return keys;
}

TEST(ArtifactDefinitionsTest, RegistryKeysAreTargetsOfAWindowsDisk) {
  std::vector<NotRun> not_run;
  EXPECT_THAT(RegistryOf("- type: REGISTRY_KEY\n  attributes:\n    keys:\n"
                         "    - 'HKEY_LOCAL_MACHINE\\System\\CurrentControlSet\\Services\\*\\Parameters'\n"
                         "    - 'HKLM\\Software\\Run\\*'\n"
                         "    - 'HKEY_CURRENT_USER\\Software\\A\\'\n"
                         "    - 'hkey_classes_root\\.exe'\n",
                         not_run),
              ElementsAre("HKEY_LOCAL_MACHINE\\System\\CurrentControlSet\\Services\\*\\Parameters",
                          "HKEY_LOCAL_MACHINE\\Software\\Run", "HKEY_LOCAL_MACHINE\\Software\\Run\\*",
                          "HKEY_USERS\\%%users.sid%%\\Software\\A", "HKEY_LOCAL_MACHINE\\Software\\Classes\\.exe",
                          "HKEY_USERS\\%%users.sid%%\\Software\\Classes\\.exe"));
  EXPECT_TRUE(not_run.empty());
  EXPECT_THAT(RegistryOf("- type: REGISTRY_VALUE\n  attributes:\n    key_value_pairs:\n"
                         "    - {key: 'HKEY_USERS\\%%users.sid%%\\Software\\MRU\\*', value: 'Item *'}\n"
                         "    - {key: 'HKEY_LOCAL_MACHINE\\Software\\Classes\\*\\InprocServer32', value: ''}\n",
                         not_run),
              ElementsAre("HKEY_USERS\\%%users.sid%%\\Software\\MRU\\*|Item *",
                          "HKEY_LOCAL_MACHINE\\Software\\Classes\\*\\InprocServer32|"));
}

TEST(ArtifactDefinitionsTest, WhatNoHiveHoldsIsSaidWithItsReason) {
  std::vector<NotRun> not_run;
  EXPECT_TRUE(RegistryOf("- type: REGISTRY_KEY\n  attributes:\n    keys: ['HKEY_LOCAL_MACHINE\\HARDWARE\\Disk', "
                         "'HKEY_PERFORMANCE_DATA\\x', 'HKEY_LOCAL_MACHINE\\BCD00000000\\x', "
                         "'HKEY_USERS\\%%users.shoe_size%%\\x', 'HKEY_LOCAL_MACHINE\\Software\\[x']\n",
                         not_run)
                  .empty());
  ASSERT_EQ(not_run.size(), 5u);
  EXPECT_THAT(not_run[0].reason, HasSubstr("only there while Windows runs"));
  EXPECT_THAT(not_run[1].reason, HasSubstr("no root"));
  EXPECT_THAT(not_run[2].reason, HasSubstr("only there while Windows runs"));
  EXPECT_THAT(not_run[3].reason, HasSubstr("%%users.shoe_size%%"));
  EXPECT_THAT(not_run[4].reason, HasSubstr("["));
  ExpectBad("name: R\nsources:\n- type: REGISTRY_KEY\n  attributes: {}\n", "lack keys");
  ExpectBad("name: R\nsources:\n- type: REGISTRY_VALUE\n  attributes: {}\n", "lack key_value_pairs");
}

TEST(ArtifactDefinitionsTest, OfADiskAtRestNothingRuns) {
  const ArtifactDefinitions definitions = Sample();
  absl::StatusOr<ResolvedArtifacts> resolved = definitions.Resolve({"Everything"}, "linux", HostState::kOffline);
  ASSERT_TRUE(resolved.ok());
  EXPECT_THAT(Patterns(*resolved), ElementsAre("/etc/passwd", "/etc/shadow", "%%users.homedir%%/*"));
  ASSERT_EQ(resolved->not_run.size(), 2u);
  EXPECT_EQ(resolved->not_run[1].source_type, "COMMAND");
  EXPECT_THAT(resolved->not_run[1].reason, HasSubstr("needs the running system"));
  ArtifactDefinitions more;
  ASSERT_TRUE(more.AddYaml("name: A\nsources:\n- {type: WMI, attributes: {query: q}}\n"
                           "- {type: COMMAND, attributes: {cmd: a.exe}}\n"
                           "- {type: HOZEN_STATE, attributes: {kinds: [clock]}}\n"
                           "- {type: PATH, attributes: {paths: ['%%Users.UserProfile%%/x']}}\n",
                           "a")
                  .ok());
  resolved = more.Resolve({"A"}, "windows", HostState::kOffline);
  ASSERT_TRUE(resolved.ok());
  ASSERT_EQ(resolved->targets.size(), 1u);
  EXPECT_EQ(resolved->targets[0].path().pattern(), "%%Users.UserProfile%%\\x");
  ASSERT_EQ(resolved->not_run.size(), 3u);
  for (const NotRun& not_run : resolved->not_run) EXPECT_THAT(not_run.reason, HasSubstr("needs the running system"));
}

TEST(ArtifactDefinitionsTest, OfARunningWindowsEverySourceRuns) {
  ArtifactDefinitions definitions;
  ASSERT_TRUE(definitions
                  .AddYaml("name: A\nsources:\n"
                           "- {type: WMI, attributes: {query: SELECT * FROM AntivirusProduct,"
                           " base_object: 'winmgmts:\\root\\SecurityCenter2'}}\n"
                           "- {type: COMMAND, attributes: {cmd: a.exe}}\n"
                           "- {type: HOZEN_STATE, attributes: {kinds: [clock]}}\n"
                           "- {type: WMI, attributes: {query: SELECT Name from Win32_Product}}\n",
                           "a")
                  .ok());
  const absl::StatusOr<ResolvedArtifacts> resolved = definitions.Resolve({"A"}, "windows");
  ASSERT_TRUE(resolved.ok());
  ASSERT_EQ(resolved->targets.size(), 3u);
  EXPECT_EQ(resolved->targets[0].wmi().query(), "SELECT * FROM AntivirusProduct");
  EXPECT_EQ(resolved->targets[0].wmi().name_space(), "root\\SecurityCenter2");
  ASSERT_EQ(resolved->not_run.size(), 1u);
  EXPECT_THAT(resolved->not_run[0].reason, HasSubstr("repair"));
  EXPECT_EQ(definitions.AddYaml("name: B\nsources:\n- {type: WMI, attributes: {}}\n", "b").code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(ArtifactDefinitionsTest, ADiskAtRestHasNoShadowCopies) {
  ArtifactDefinitions definitions;
  ASSERT_TRUE(definitions
                  .AddYaml("name: A\nsources:\n"
                           "- type: FILE\n"
                           "  attributes:\n"
                           "    paths: ['\\\\?\\GLOBALROOT\\Device\\HarddiskVolumeShadowCopy*\\x', 'C:\\x']\n"
                           "    separator: '\\'\n",
                           "a")
                  .ok());
  absl::StatusOr<ResolvedArtifacts> resolved = definitions.Resolve({"A"}, "windows");
  ASSERT_TRUE(resolved.ok());
  ASSERT_EQ(resolved->targets.size(), 2u);
  EXPECT_EQ(resolved->targets[0].file().pattern(), R"(\\?\GLOBALROOT\Device\HarddiskVolumeShadowCopy*\x)");
  resolved = definitions.Resolve({"A"}, "windows", HostState::kOffline);
  ASSERT_TRUE(resolved.ok());
  ASSERT_EQ(resolved->targets.size(), 1u);
  ASSERT_EQ(resolved->not_run.size(), 1u);
  EXPECT_THAT(resolved->not_run[0].reason, HasSubstr("needs the running system"));
}

TEST(ArtifactDefinitionsTest, UnknownNamesComeWithSuggestions) {
  const absl::Status status = Sample().Resolve({"Pasword"}, "linux").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("did you mean Passwords?"));
  EXPECT_THAT(Sample().Similar("process"), ElementsAre("Processes"));
  EXPECT_TRUE(Sample().Similar("zzzzzzzzzzzz").empty());
  EXPECT_TRUE(Sample().Similar("").empty());
}

TEST(ArtifactDefinitionsTest, AGroupThatNamesAnUnknownSaysWhichGroup) {
  ArtifactDefinitions definitions;
  ASSERT_TRUE(
      definitions.AddYaml("name: G\nsources:\n- type: ARTIFACT_GROUP\n  attributes: {names: [Nowhere]}\n", "g").ok());
  const absl::Status status = definitions.Resolve({"G"}, "linux").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("\"Nowhere\", which G names"));
}

TEST(ArtifactDefinitionsTest, ACycleIsNamed) {
  ArtifactDefinitions definitions;
  for (const auto& [name, member] :
       {std::pair("A", "B"), std::pair("B", "C"), std::pair("C", "B"), std::pair("S", "S")}) {
    ASSERT_TRUE(definitions
                    .AddYaml(Concat("name: ", name, "\nsources:\n- type: ARTIFACT_GROUP\n  attributes: {names: [",
                                    member, "]}\n"),
                             name)
                    .ok());
  }
  absl::Status status = definitions.Resolve({"A"}, "linux").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("B -> C -> B"));
  status = definitions.Resolve({"S"}, "linux").status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("S -> S"));
}

TEST(ArtifactDefinitionsTest, NestingIsBoundedAndSharedMembersCostNothing) {
  std::string yaml;
  for (int i = 0; i < 60; ++i) {
    const std::string next = i == 59 ? "Leaf" : Concat("G", i + 1);
    yaml += Concat("---\nname: G", i, "\nsources:\n- type: ARTIFACT_GROUP\n  attributes: {names: [", next, ", ", next,
                   "]}\n");
  }
  yaml += "---\nname: Leaf\nsources:\n- type: FILE\n  attributes: {paths: [/x]}\n";
  yaml += "---\nname: Top\nsources:\n- type: ARTIFACT_GROUP\n  attributes: {names: [U0]}\n";
  for (int i = 0; i < 70; ++i) {
    yaml += Concat("---\nname: U", i, "\nsources:\n- type: ARTIFACT_GROUP\n  attributes: {names: [",
                   i == 69 ? "Leaf" : Concat("U", i + 1), "]}\n");
  }
  ArtifactDefinitions definitions;
  ASSERT_TRUE(definitions.AddYaml(yaml, "deep.yaml").ok());
  // Unfolded naively, G0 would be 2^60 leaves.
  absl::StatusOr<ResolvedArtifacts> resolved = definitions.Resolve({"G0"}, "linux");
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_EQ(resolved->targets.size(), 1u);
  EXPECT_EQ(definitions.Resolve({"Top"}, "linux").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(ArtifactDefinitionsTest, WrongDefinitionsAreNamed) {
  ExpectBad("name: [", "not YAML");
  ExpectBad("- a\n- b\n", "not a mapping");
  ExpectBad("doc: x\nsources:\n- type: FILE\n  attributes: {paths: [/x]}\n", "no name");
  ExpectBad("name: A\n", "definition A: it has no sources");
  ExpectBad("name: A\nsources:\n- type: FILE\n", "source 1: its attributes lack paths");
  ExpectBad("name: A\nsources:\n- type: FILE\n  attributes: {paths: [/x]}\n- type: COMMAND\n", "source 2");
  ExpectBad("name: A\nsources:\n- type: ARTIFACT_GROUP\n  attributes: {names: []}\n", "lack names");
  ExpectBad("name: A\nsources:\n- attributes: {paths: [/x]}\n", "no type");
  ExpectBad("name: A\nsources: 7\n", "sources: it is not a list");
  ExpectBad("name: A\nsources:\n- type: FILE\n  attributes: {paths: [[/x]]}\n", "paths: it is not a text");
  ExpectBad("name: {a: b}\n", "document at line 1: name: it is not a text");
  ExpectBad("name: *nothing\n", "not YAML");
}

TEST(ArtifactDefinitionsTest, ANameIsTakenOnce) {
  const std::string one = "name: A\nsources:\n- type: FILE\n  attributes: {paths: [/x]}\n";
  ExpectBad(Concat(one, "---\n", one), "definition A: the name is taken already, in the same file");
  ArtifactDefinitions definitions;
  ASSERT_TRUE(definitions.AddYaml(one, "first.yaml").ok());
  const absl::Status status = definitions.AddYaml("name: B\nsources:\n- type: X\n---\n" + one, "second.yaml");
  EXPECT_THAT(std::string(status.message()), HasSubstr("second.yaml"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("first.yaml"));
  // Nothing of a file that is wrong.
  EXPECT_EQ(definitions.Find("B"), nullptr);
}

TEST(ArtifactDefinitionsTest, AnAliasBombIsRefused) {
  std::string bomb = "name: A\na: &a ['/x', '/x', '/x', '/x', '/x', '/x', '/x', '/x', '/x', '/x']\n";
  bomb += "s: &s {type: FILE, attributes: {paths: *a}}\nsources: [";
  for (int i = 0; i < 30'000; ++i) bomb += "*s,";
  bomb += "]\n";
  ASSERT_LT(bomb.size(), 1u << 20);
  ExpectBad(bomb, "aliases");

  std::string large =
      "name: A\nt: &t '" + std::string(100'000, 'x') + "'\nsources:\n- type: FILE\n  attributes: {paths: [";
  for (int i = 0; i < 10'000; ++i) large += "*t,";
  ExpectBad(large + "]}\n", "aliases");

  // The classic one stands in attributes that nobody reads; it costs nothing.
  std::string laughs = "name: A\nl0: &l0 [lol]\n";
  for (int i = 1; i < 30; ++i) laughs += Concat("l", i, ": &l", i, " [*l", i - 1, ", *l", i - 1, ", *l", i - 1, "]\n");
  EXPECT_TRUE(Add(laughs + "sources:\n- type: FILE\n  attributes: {paths: [/x]}\n").ok());
}

TEST(ArtifactDefinitionsTest, TooLongAndTooDeepIsRefused) {
  ExpectBad("name: A\n#" + std::string(1 << 20, 'x'), "longer than");
  ExpectBad(std::string(500'000, '['), "not YAML");
  ExpectBad(std::string(500'000, '{'), "not YAML");
  std::string dashes;
  for (int i = 0; i < 100'000; ++i) dashes += "- ";
  ExpectBad(dashes, "");
}

TEST(ArtifactDefinitionsTest, FoldersAreReadInOrderAndWithoutOtherFiles) {
  Folder folder;
  folder.Write("b.yaml", "name: B\naliases: [X]\nsources:\n- type: Y\n");
  folder.Write("a.yaml", "name: A\naliases: [X]\nsources:\n- type: Y\n");
  folder.Write("notes.txt", "not: [yaml");
  absl::StatusOr<ArtifactDefinitions> definitions = ArtifactDefinitions::LoadFolder(folder.path());
  ASSERT_TRUE(definitions.ok()) << definitions.status();
  EXPECT_EQ(definitions->All().size(), 2u);
  EXPECT_EQ(definitions->Find("X")->name, "A");
  EXPECT_THAT(definitions->Find("B")->origin, HasSubstr("b.yaml"));

  folder.Write("c.yaml", "name: A\nsources:\n- type: Y\n");
  EXPECT_THAT(std::string(ArtifactDefinitions::LoadFolder(folder.path()).status().message()), HasSubstr("c.yaml"));
  EXPECT_EQ(ArtifactDefinitions::LoadFolder(folder.path() / "none").status().code(), absl::StatusCode::kNotFound);
  Folder empty;
  EXPECT_EQ(ArtifactDefinitions::LoadFolder(empty.path()).status().code(), absl::StatusCode::kNotFound);
}

// Each document of a file has one line that starts with "name:".
size_t CountNames(const std::filesystem::path& folder) {
  size_t names = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) names += line.rfind("name:", 0) == 0;
  }
  return names;
}

TEST_F(DebianDefinitionsTest, EveryDefinitionIsRead) {
  EXPECT_EQ(definitions_.All().size(), CountNames(kDebianFolder));
  EXPECT_GE(definitions_.All().size(), 600u);
}

TEST_F(DebianDefinitionsTest, EveryDefinitionResolvesOnEverySystem) {
  for (const std::string_view system : {"linux", "windows"}) {
    size_t targets = 0;
    for (const ArtifactDefinition* definition : definitions_.All()) {
      absl::StatusOr<ResolvedArtifacts> resolved = definitions_.Resolve({definition->name}, system);
      ASSERT_TRUE(resolved.ok()) << definition->name << ": " << resolved.status();
      EXPECT_GT(resolved->targets.size() + resolved->not_run.size(), 0u) << definition->name;
      targets += resolved->targets.size();
    }
    EXPECT_GT(targets, 500u) << system;
  }
}

TEST_F(DebianDefinitionsTest, NothingMeantForLinuxIsLeftOut) {
  for (const ArtifactDefinition* definition : definitions_.All()) {
    absl::StatusOr<ResolvedArtifacts> resolved = definitions_.Resolve({definition->name}, "linux");
    ASSERT_TRUE(resolved.ok());
    for (const NotRun& not_run : resolved->not_run) {
      const bool collected = not_run.source_type == "FILE" || not_run.source_type == "PATH";
      if (!collected) continue;
      EXPECT_THAT(not_run.reason, HasSubstr("not for Linux")) << not_run.artifact;
    }
  }
}

TEST_F(DebianDefinitionsTest, OfARunningWindowsAllRunsButWhatWouldChangeIt) {
  for (const ArtifactDefinition* definition : definitions_.All()) {
    absl::StatusOr<ResolvedArtifacts> resolved = definitions_.Resolve({definition->name}, "windows");
    ASSERT_TRUE(resolved.ok());
    for (const NotRun& not_run : resolved->not_run) {
      EXPECT_THAT(not_run.reason, ::testing::AnyOf(HasSubstr("not for Windows"), HasSubstr("win32_product")))
          << not_run.artifact;
    }
  }
}

TEST_F(DebianDefinitionsTest, AlmostEverythingMeantForWindowsRunsOnAnOfflineDisk) {
  size_t runs = 0;
  for (const ArtifactDefinition* definition : definitions_.All()) {
    absl::StatusOr<ResolvedArtifacts> resolved =
        definitions_.Resolve({definition->name}, "windows", HostState::kOffline);
    ASSERT_TRUE(resolved.ok());
    runs += resolved->targets.size();
    for (const NotRun& not_run : resolved->not_run) {
      EXPECT_THAT(not_run.reason, ::testing::AnyOf(HasSubstr("not for Windows"), HasSubstr("needs the running system"),
                                                   HasSubstr("only there while Windows runs")))
          << not_run.artifact;
    }
  }
  EXPECT_GT(runs, 1'500u);
}

TEST_F(DebianDefinitionsTest, OurTriageResolvesAndFitsIntoAPlan) {
  AddOurs();
  absl::StatusOr<ResolvedArtifacts> resolved = definitions_.Resolve({"HozenLinuxTriage"}, "linux");
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_GT(resolved->targets.size(), 200u);
  v1::Plan plan;
  plan.set_format_version(1);
  plan.set_plan_id("0123456789abcdef");
  plan.set_customer_id("acme");
  plan.add_host_ids("h1");
  plan.set_operator_name("alice");
  plan.set_created_unix_ns(1);
  plan.mutable_limits()->set_deadline_unix_ns(1);
  std::set<std::string> artifacts;
  for (const v1::Target& target : resolved->targets) {
    artifacts.insert(target.artifact());
    *plan.add_targets() = target;
  }
  EXPECT_TRUE(CheckPlan(plan).ok()) << CheckPlan(plan);
  for (const std::string_view wanted : {"/etc/ld.so.preload", "/etc/passwd", "/var/log/syslog*", "/etc/pam.d/*",
                                        "%%users.homedir%%/.ssh/authorized_keys*", "/etc/crontab"}) {
    EXPECT_THAT(Patterns(*resolved), ::testing::Contains(std::string(wanted)));
  }
  EXPECT_EQ(artifacts.count("HozenLinuxTriage"), 0u);
}

TEST_F(DebianDefinitionsTest, OurDefinitionsSayForWhatSystemTheyAreAndAllOfThemRun) {
  AddOurs();
  int ours = 0;
  for (const ArtifactDefinition* definition : definitions_.All()) {
    if (definition->origin.rfind(kOurFolder, 0) != 0) continue;
    ++ours;
    EXPECT_EQ(definition->name.rfind("Hozen", 0), 0u) << definition->name;
    EXPECT_THAT(definition->supported_os, ::testing::Not(::testing::IsEmpty())) << definition->name;
    EXPECT_FALSE(definition->doc.empty()) << definition->name;
    for (const ArtifactSource& source : definition->sources) {
      for (const std::string& path : source.paths) {
        EXPECT_TRUE(CheckPattern(path, source.separator).ok()) << CheckPattern(path, source.separator);
      }
    }
  }
  EXPECT_GE(ours, 35);
}

// Ours can be read without Debian's.
TEST(OurDefinitionsTest, AreYamlOnTheirOwn) {
  absl::StatusOr<ArtifactDefinitions> definitions = ArtifactDefinitions::LoadFolder(kOurFolder);
  ASSERT_TRUE(definitions.ok()) << definitions.status();
  EXPECT_NE(definitions->Find("HozenLinuxTriage"), nullptr);
  std::set<int> kinds;
  for (const char* system : {"linux", "windows"}) {
    absl::StatusOr<ResolvedArtifacts> resolved = definitions->Resolve({"@volatile"}, system);
    ASSERT_TRUE(resolved.ok());
    for (const v1::Target& target : resolved->targets) kinds.insert(target.state().kind());
  }
  EXPECT_EQ(kinds.size(), static_cast<size_t>(v1::Target::VolatileState::Kind_MAX)) << "each kind is in a set";
}

TEST_F(DebianDefinitionsTest, TheSetsHaveShortNamesAndMeanSomethingOnTheirSystems) {
  AddOurs();
  for (const auto& [name, system] :
       {std::pair{"@linux-triage", "linux"}, std::pair{"@windows-triage", "windows"}, std::pair{"@logs", "linux"},
        std::pair{"@logs", "windows"}, std::pair{"@persistence", "linux"}, std::pair{"@persistence", "windows"},
        std::pair{"@browsers", "linux"}, std::pair{"@browsers", "windows"}}) {
    absl::StatusOr<ResolvedArtifacts> resolved = definitions_.Resolve({name}, system);
    ASSERT_TRUE(resolved.ok()) << name << ": " << resolved.status();
    EXPECT_GT(resolved->targets.size(), 15u) << name << " on " << system;
  }
}

TEST(DefinitionsMutationTest, MutatedYamlNeverCrashes) {
  std::mt19937 random(42);
  const std::string alphabet = "&*[]{}:,-'\"\n #|>!%?\\\tax\x80";
  int good = 0, bad = 0;
  for (int i = 0; i < 3'000; ++i) {
    std::string yaml(kSample);
    for (size_t n = 1 + random() % 6; n > 0; --n) {
      const size_t at = random() % yaml.size();
      switch (random() % 3) {
        case 0:
          yaml[at] = alphabet[random() % alphabet.size()];
          break;
        case 1:
          yaml.erase(at, 1 + random() % 20);
          break;
        default:
          yaml.insert(at, yaml.substr(random() % yaml.size(), 1 + random() % 30));
      }
    }
    ArtifactDefinitions definitions;
    if (definitions.AddYaml(yaml, "mutated").ok()) {
      ++good;
      for (const ArtifactDefinition* definition : definitions.All()) {
        definitions.Resolve({definition->name}, "linux").status().IgnoreError();
      }
    } else {
      ++bad;
    }
  }
  EXPECT_GT(good, 50);
  EXPECT_GT(bad, 50);
}

}  // namespace
}  // namespace hozen
