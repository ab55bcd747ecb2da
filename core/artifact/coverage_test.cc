#include "core/artifact/coverage.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace hozen {
namespace {

using State = SourceCoverage::State;

constexpr char kSample[] = R"(
name: Plain
doc: d
sources:
- type: FILE
  attributes: {paths: ['/etc/passwd', '%%users.homedir%%/.bashrc']}
- type: FILE
  attributes: {paths: ['/etc/hosts', '%%environ_windir%%/hosts']}
- type: REGISTRY_KEY
  attributes: {keys: ['HKEY_LOCAL_MACHINE\Software']}
- type: FILE
  attributes: {paths: ['C:\hosts'], separator: '\'}
  supported_os: [Windows]
---
name: Runs
doc: d
sources:
- type: COMMAND
  attributes: {cmd: /bin/ps, args: ['-ef']}
- type: COMMAND
  attributes: {cmd: /bin/rm, args: ['-rf', '/']}
---
name: Group
doc: d
sources:
- type: ARTIFACT_GROUP
  attributes: {names: [Plain, Runs]}
- type: ARTIFACT_GROUP
  attributes: {names: [Plain, Nowhere]}
---
name: Ring
doc: d
sources:
- type: ARTIFACT_GROUP
  attributes: {names: [Ring]}
)";

class CoverageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(definitions_.AddYaml(kSample, "sample").ok());
    absl::StatusOr<std::vector<SourceCoverage>> covered = Coverage(definitions_, "linux");
    ASSERT_TRUE(covered.ok()) << covered.status();
    covered_ = *std::move(covered);
  }
  std::vector<SourceCoverage> Of(const std::string& artifact) const {
    std::vector<SourceCoverage> found;
    std::copy_if(covered_.begin(), covered_.end(), std::back_inserter(found),
                 [&](const SourceCoverage& one) { return one.artifact == artifact; });
    return found;
  }

  ArtifactDefinitions definitions_;
  std::vector<SourceCoverage> covered_;
};

TEST_F(CoverageTest, EverySourceIsCountedOnceAndHasAReasonWhereItDoesNotRun) {
  EXPECT_EQ(covered_.size(), 9u);
  for (const SourceCoverage& one : covered_) {
    const bool needs_reason = one.state == State::kRunsPartly || one.state == State::kDoesNotRun;
    EXPECT_EQ(!one.reasons.empty(), needs_reason) << one.artifact << " " << one.type;
  }
}

TEST_F(CoverageTest, FilesRunWhereTheirPatternsMeanSomething) {
  const std::vector<SourceCoverage> plain = Of("Plain");
  ASSERT_EQ(plain.size(), 4u);
  EXPECT_EQ(plain[0].state, State::kRuns);
  EXPECT_EQ(plain[1].state, State::kRunsPartly);
  EXPECT_NE(plain[1].reasons.at(0).find("environ_windir"), std::string::npos);
  EXPECT_EQ(plain[2].state, State::kDoesNotRun);
  EXPECT_EQ(plain[3].state, State::kOtherSystem);
}

TEST_F(CoverageTest, ACommandRunsOnlyFromTheFixedList) {
  const std::vector<SourceCoverage> runs = Of("Runs");
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0].state, State::kRuns);
  EXPECT_EQ(runs[1].state, State::kDoesNotRun);
  EXPECT_NE(runs[1].reasons.at(0).find("/bin/rm"), std::string::npos);
}

TEST_F(CoverageTest, AGroupRunsAsFarAsItsMembersAreKnown) {
  const std::vector<SourceCoverage> group = Of("Group");
  ASSERT_EQ(group.size(), 2u);
  EXPECT_EQ(group[0].state, State::kRuns);
  EXPECT_EQ(group[1].state, State::kRunsPartly);
  EXPECT_NE(group[1].reasons.at(0).find("Nowhere"), std::string::npos);
  const std::vector<SourceCoverage> ring = Of("Ring");
  ASSERT_EQ(ring.size(), 1u);
  EXPECT_EQ(ring[0].state, State::kDoesNotRun);
  EXPECT_NE(ring[0].reasons.at(0).find("contains itself"), std::string::npos);
}

TEST_F(CoverageTest, AnUnknownSystemIsRefused) {
  EXPECT_TRUE(absl::IsInvalidArgument(Coverage(definitions_, "amiga").status()));
}

}  // namespace
}  // namespace hozen
