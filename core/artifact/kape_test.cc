#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <string>

#include "core/artifact/coverage.h"
#include "core/artifact/definitions.h"
#include "core/artifact/kape_mask.h"
#include "core/base/concat.h"
#include "core/base/testing_folder.h"
#include "core/plan/glob.h"
#include "core/plan/plan.h"

namespace hozen {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

namespace fs = std::filesystem;

class KapeTest : public ::testing::Test {
 protected:
  void Write(const std::string& file, const std::string& text) const {
    fs::create_directories((folder_ / file).parent_path());
    PutFile(folder_ / file, text);
  }
  // A target with these entries.
  void WriteTarget(const std::string& file, const std::string& entries) const {
    Write(file, "Description: Test\nAuthor: Us\nVersion: 1.0\nId: x\nRecreateDirectories: true\nTargets:\n" + entries);
  }
  ResolvedArtifacts Resolve(const std::string& name) const {
    absl::StatusOr<ArtifactDefinitions> definitions = ArtifactDefinitions::LoadFolder(folder_.path());
    EXPECT_TRUE(definitions.ok()) << definitions.status();
    if (!definitions.ok()) return {};
    absl::StatusOr<ResolvedArtifacts> resolved = definitions->Resolve({name}, "windows", HostState::kOffline);
    EXPECT_TRUE(resolved.ok()) << resolved.status();
    return resolved.ok() ? *std::move(resolved) : ResolvedArtifacts();
  }
  static std::vector<std::string> Patterns(const ResolvedArtifacts& resolved) {
    std::vector<std::string> patterns;
    for (const v1::Target& target : resolved.targets) {
      EXPECT_EQ(target.file().separator(), "\\");
      patterns.push_back(target.file().pattern());
    }
    return patterns;
  }
  absl::Status LoadStatus() const { return ArtifactDefinitions::LoadFolder(folder_.path()).status(); }

  const TestingFolder folder_;
};

TEST_F(KapeTest, AnEntryBecomesAPatternBelowTheSystemsDrive) {
  WriteTarget("Logs/One Two.tkape", R"(    -
        Name: Logs
        Category: Logs
        Path: C:\Windows*\Logs\
        FileMask: '*.log'
    -
        Name: Of everybody
        Category: Users
        Path: c:\Users\%USER%\Desktop
        Recursive: True
    -
        Name: Stream
        Category: FileSystem
        Path: C:\
        FileMask: $Secure:$SDS
        AlwaysAddToQueue: true
    -
        Name: No set
        Category: X
        Path: C:\a[1]\**\
        FileMask: "b[2].*"
        Recursive: false
        Comment: said to people
    -
        Name: All
        Path: \Temp
        FileMask: '*.*'
)");
  const ResolvedArtifacts resolved = Resolve("One Two");
  EXPECT_THAT(Patterns(resolved),
              ElementsAre("%%environ_systemdrive%%\\Windows*\\Logs\\*.log",
                          "%%environ_systemdrive%%\\Users\\*\\Desktop\\**\\*", "%%environ_systemdrive%%\\$Secure:$SDS",
                          "%%environ_systemdrive%%\\a[[]1]\\*\\b[[]2].*", "%%environ_systemdrive%%\\Temp\\*"));
  EXPECT_THAT(resolved.not_run, IsEmpty());
  EXPECT_EQ(resolved.targets.at(0).artifact(), "One Two");
}

TEST_F(KapeTest, WhatAPlanCannotSayIsToldWithItsReason) {
  WriteTarget("T.tkape", R"(    -
        Name: a
        Path: C:\$Extend\
        FileMask: $UsnJrnl:$J
        SaveAsFileName: $J
    -
        Name: b
        Path: C:\x\
        MinSize: 10
    -
        Name: c
        Path: C:\x\
        FileMask: 'regex:a+b'
    -
        Name: d
        Path: C:\%case%\
)");
  const ResolvedArtifacts resolved = Resolve("T");
  EXPECT_THAT(Patterns(resolved),
              ElementsAre("%%environ_systemdrive%%\\$Extend\\$UsnJrnl:$J", "%%environ_systemdrive%%\\x\\*"));
  std::vector<std::string> reasons;
  for (const NotRun& not_run : resolved.not_run) reasons.push_back(not_run.reason);
  EXPECT_THAT(reasons,
              ElementsAre(HasSubstr("SaveAsFileName $J"), HasSubstr("MinSize"), HasSubstr("a+"), HasSubstr("%case%")));
  absl::StatusOr<ArtifactDefinitions> definitions = ArtifactDefinitions::LoadFolder(folder_.path());
  ASSERT_TRUE(definitions.ok());
  absl::StatusOr<std::vector<SourceCoverage>> covered = Coverage(*definitions, "windows");
  ASSERT_TRUE(covered.ok());
  std::vector<SourceCoverage::State> states;
  for (const SourceCoverage& one : *covered) states.push_back(one.state);
  EXPECT_THAT(states, ElementsAre(SourceCoverage::State::kRunsPartly, SourceCoverage::State::kRunsPartly,
                                  SourceCoverage::State::kDoesNotRun, SourceCoverage::State::kDoesNotRun));
}

TEST_F(KapeTest, ItsOwnTriageIsASetWhereItsTargetsAreGiven) {
  WriteTarget("Windows/Prefetch.tkape", "  - {Name: p, Path: 'C:\\P\\'}\n");
  const absl::StatusOr<ArtifactDefinitions> without = ArtifactDefinitions::LoadFolder(folder_.path());
  ASSERT_TRUE(without.ok());
  const absl::Status missing = without->Resolve({"@kape-triage"}, "windows", HostState::kOffline).status();
  EXPECT_TRUE(absl::IsNotFound(missing));
  EXPECT_THAT(std::string(missing.message()), HasSubstr("--definitions"));
  WriteTarget("Compound/KapeTriage.tkape", "  - {Name: a, Path: Prefetch.tkape}\n");
  EXPECT_THAT(Patterns(Resolve("@kape-triage")), ElementsAre("%%environ_systemdrive%%\\P\\*"));
}

TEST_F(KapeTest, TargetsOfTargetsAreGroupsWhateverTheirFilesCase) {
  WriteTarget("Windows/Prefetch.tkape", "  - {Name: p, Path: 'C:\\P\\'}\n");
  WriteTarget("Windows/Tasks.tkape", "  - {Name: t, Path: 'C:\\T\\'}\n");
  WriteTarget("Browsers/Edge.tkape", "  - {Name: e, Path: 'C:\\E\\'}\n");
  WriteTarget("!Disabled/Off.tkape", "  - nothing that would parse\n");
  WriteTarget("Compound/All.tkape",
              "  - {Name: a, Path: Some.tkape}\n  - {Name: b, Path: 'browsers\\*'}\n  - {Name: c, Path: 'C:\\C\\'}\n");
  WriteTarget("Compound/Some.tkape",
              "  - {Name: a, Path: PREFETCH.TKAPE}\n  - {Name: b, Path: Windows\\Tasks.tkape}\n");
  EXPECT_THAT(Patterns(Resolve("All")),
              UnorderedElementsAre("%%environ_systemdrive%%\\P\\*", "%%environ_systemdrive%%\\T\\*",
                                   "%%environ_systemdrive%%\\E\\*", "%%environ_systemdrive%%\\C\\*"));
  EXPECT_THAT(Patterns(Resolve("Some")), ElementsAre("%%environ_systemdrive%%\\P\\*", "%%environ_systemdrive%%\\T\\*"));
}

TEST_F(KapeTest, ACycleIsAnErrorThatNamesTheWay) {
  WriteTarget("A.tkape", "  - {Name: b, Path: B.tkape}\n");
  WriteTarget("B.tkape", "  - {Name: a, Path: a.tkape}\n");
  absl::StatusOr<ArtifactDefinitions> definitions = ArtifactDefinitions::LoadFolder(folder_.path());
  ASSERT_TRUE(definitions.ok());
  const absl::Status status = definitions->Resolve({"A"}, "windows").status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("A -> B -> A"));
}

TEST_F(KapeTest, AMemberThatIsNotThereIsNamed) {
  WriteTarget("A.tkape", "  - {Name: b, Path: Gone.tkape}\n");
  absl::StatusOr<ArtifactDefinitions> definitions = ArtifactDefinitions::LoadFolder(folder_.path());
  ASSERT_TRUE(definitions.ok());
  EXPECT_THAT(std::string(definitions->Resolve({"A"}, "windows").status().message()),
              HasSubstr("\"Gone\", which A names"));
}

TEST_F(KapeTest, OnLinuxATargetIsOfAnotherSystem) {
  WriteTarget("A.tkape", "  - {Name: b, Path: 'C:\\x\\'}\n");
  absl::StatusOr<ArtifactDefinitions> definitions = ArtifactDefinitions::LoadFolder(folder_.path());
  ASSERT_TRUE(definitions.ok());
  absl::StatusOr<ResolvedArtifacts> resolved = definitions->Resolve({"A"}, "linux");
  ASSERT_TRUE(resolved.ok());
  EXPECT_THAT(resolved->targets, IsEmpty());
  ASSERT_EQ(resolved->not_run.size(), 1u);
  EXPECT_THAT(resolved->not_run[0].reason, HasSubstr("for Windows"));
}

TEST_F(KapeTest, WrongTargetsAreNamed) {
  const auto expect_bad = [this](const std::string& text, const std::string& says) {
    Write("bad.tkape", text);
    const absl::Status status = LoadStatus();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << text << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("bad.tkape"));
    EXPECT_THAT(std::string(status.message()), HasSubstr(says));
  };
  expect_bad("Description: x\n", "no Targets");
  expect_bad("Targets: []\n", "no Targets");
  expect_bad("Targets: 7\n", "not a list");
  expect_bad("Targets:\n- {Name: x}\n", "target 1: it has no Path");
  expect_bad("Targets:\n- {Path: [x]}\n", "Path: it is not a text");
  expect_bad("- a\n", "not a mapping");
  expect_bad("", "not a mapping");
  expect_bad("a: [\n", "not YAML");
  expect_bad("a: \xff\n", "not UTF-8");
  expect_bad("Targets:\n- {Path: C:\\, FileMask: *.zip}\n", "not YAML");
  Write("bad.tkape", "Targets:\n- {Path: 'C:\\'}\n" + std::string(1 << 20, '\n'));
  EXPECT_TRUE(absl::IsResourceExhausted(LoadStatus()));
}

TEST_F(KapeTest, AnAliasBombIsCountedAsWhatItUnfoldsTo) {
  std::string text = "Targets:\n- &a0 {Path: 'C:\\x\\', FileMask: " + std::string(200, 'x') + "}\n";
  for (int i = 0; i < 80'000; ++i) text += "- *a0\n";
  Write("bomb.tkape", text);
  const absl::Status status = LoadStatus();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("it unfolds to"));
}

bool AnyMatches(const std::vector<std::string>& patterns, const std::string& name) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    absl::StatusOr<Glob> glob = Glob::Parse("\\" + pattern, '\\', /*ignore_case=*/true);
    EXPECT_TRUE(glob.ok()) << glob.status();
    return glob.ok() && glob->Matches("\\" + name);
  });
}

TEST(KapeMaskTest, RegularExpressionsBecomeThePatternsThatMatchTheSame) {
  absl::StatusOr<std::vector<std::string>> patterns = KapeMaskPatterns("regex:*.+\\.(db|db-wal|db-shm)");
  ASSERT_TRUE(patterns.ok()) << patterns.status();
  EXPECT_THAT(*patterns, UnorderedElementsAre("?*.db", "?*.db-wal", "?*.db-shm"));
  patterns = KapeMaskPatterns("regex:(2019|DSC|Log).+\\.jpe?g");
  ASSERT_TRUE(patterns.ok());
  EXPECT_EQ(patterns->size(), 6u);
  EXPECT_TRUE(AnyMatches(*patterns, "dsc1.jpeg"));
  EXPECT_TRUE(AnyMatches(*patterns, "2019-05.jpg"));
  EXPECT_FALSE(AnyMatches(*patterns, "dsc.jpg"));
  EXPECT_FALSE(AnyMatches(*patterns, "dsc1.jpgx"));
  patterns = KapeMaskPatterns("REGEX:^f_[0-9a-f]{6}$");
  ASSERT_TRUE(patterns.ok());
  EXPECT_TRUE(AnyMatches(*patterns, "f_00001a"));
  EXPECT_FALSE(AnyMatches(*patterns, "f_00001g"));
  EXPECT_FALSE(AnyMatches(*patterns, "f_00001"));
  patterns = KapeMaskPatterns("regex:.*.*");
  ASSERT_TRUE(patterns.ok());
  EXPECT_THAT(*patterns, ElementsAre("*"));
  patterns = KapeMaskPatterns("regex:a(?:[^0-9]|\\d\\*)?\\[");
  ASSERT_TRUE(patterns.ok());
  EXPECT_TRUE(AnyMatches(*patterns, "a7*["));
  EXPECT_TRUE(AnyMatches(*patterns, "a["));
  EXPECT_TRUE(AnyMatches(*patterns, "ax["));
  EXPECT_FALSE(AnyMatches(*patterns, "a77["));
}

TEST(KapeMaskTest, WhatPatternsCannotSayIsRefused) {
  for (const std::string mask : {"regex:a+", "regex:(ab)*", "regex:\\w", "regex:(?i)a", "regex:(a", "regex:a)",
                                 "regex:[a", "regex:a\\", "regex:a{1,2}", "regex:+", "regex:[\\d]",
                                 "regex:(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)", "regex:.{400}.{400}", "a\\b"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(KapeMaskPatterns(mask).status())) << mask;
  }
  EXPECT_TRUE(absl::IsInvalidArgument(KapeMaskPatterns("regex:" + std::string(100'000, '(')).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(KapeMaskPatterns("regex:" + std::string(100'000, 'a')).status()));
}

// HOZEN_KAPE_TARGETS: a folder of real targets, such as the Targets folder of KAPE's public collection.
TEST(KapeCollectionTest, EveryTargetParsesAndResolves) {
  const char* const folder = std::getenv("HOZEN_KAPE_TARGETS");
  if (folder == nullptr) GTEST_SKIP() << "HOZEN_KAPE_TARGETS is not set";
  absl::StatusOr<ArtifactDefinitions> definitions = ArtifactDefinitions::LoadFolder(folder);
  ASSERT_TRUE(definitions.ok()) << definitions.status();
  size_t patterns = 0, not_taken = 0, unknown = 0;
  for (const ArtifactDefinition* definition : definitions->All()) {
    absl::StatusOr<ResolvedArtifacts> resolved = definitions->Resolve({definition->name}, "windows");
    // A part of the collection may lack what another names.
    if (absl::IsNotFound(resolved.status()) && ++unknown > 0) continue;
    ASSERT_TRUE(resolved.ok()) << definition->name << ": " << resolved.status();
    patterns += resolved->targets.size();
    not_taken += resolved->not_run.size();
    for (const v1::Target& target : resolved->targets) {
      EXPECT_TRUE(CheckPattern(target.file().pattern(), target.file().separator()).ok()) << target.file().pattern();
    }
  }
  EXPECT_GT(patterns, 0u);
  std::cout << definitions->All().size() << " targets, " << patterns << " patterns, " << not_taken << " not taken, "
            << unknown << " name targets that are not there\n";
}

}  // namespace
}  // namespace hozen
