// Debian's definitions and ours, for tests of what they mean.
#ifndef HOZEN_CORE_ARTIFACT_TESTING_DEBIAN_DEFINITIONS_H_
#define HOZEN_CORE_ARTIFACT_TESTING_DEBIAN_DEFINITIONS_H_

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/artifact/definitions.h"
#include "core/base/file.h"
#include "gtest/gtest.h"

namespace hozen {

inline constexpr std::string_view kDebianFolder = "/usr/share/artifacts";
inline constexpr std::string_view kOurFolder = "core/artifact/definitions";

// What files, paths and commands the targets ask for.
inline std::vector<std::string> Patterns(const ResolvedArtifacts& resolved) {
  std::vector<std::string> patterns;
  for (const v1::Target& target : resolved.targets) {
    if (target.has_file()) patterns.push_back(target.file().pattern());
    if (target.has_path()) patterns.push_back(target.path().pattern());
    if (target.has_command()) patterns.push_back(target.command().command());
  }
  return patterns;
}

// Skips where Debian's are not installed.
class DebianDefinitionsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kDebianFolder)) {
      GTEST_SKIP() << kDebianFolder << " is not there; install the package forensic-artifacts to run this test";
    }
    absl::StatusOr<ArtifactDefinitions> definitions = ArtifactDefinitions::LoadFolder(kDebianFolder);
    ASSERT_TRUE(definitions.ok()) << definitions.status();
    definitions_ = *std::move(definitions);
  }

  void AddOurs() {
    for (const auto& entry : std::filesystem::directory_iterator(kOurFolder)) {
      absl::StatusOr<std::string> yaml = ReadWholeFile(entry.path(), 1 << 20);
      ASSERT_TRUE(yaml.ok()) << yaml.status();
      const absl::Status status = definitions_.AddYaml(*yaml, entry.path().string());
      ASSERT_TRUE(status.ok()) << status;
    }
  }

  ArtifactDefinitions definitions_;
};

}  // namespace hozen

#endif  // HOZEN_CORE_ARTIFACT_TESTING_DEBIAN_DEFINITIONS_H_
