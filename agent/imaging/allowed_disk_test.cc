// What may be named as a disk, and what not by any name.
#include "agent/imaging/allowed_disk.h"

#include <filesystem>
#include <string>
#include <vector>

#include "agent/platform/drives.h"
#include "core/base/path_text.h"
#include "core/base/testing_folder.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

class AllowedDiskTest : public testing::Test {
 protected:
  AllowedDiskTest() {
    std::filesystem::create_directory(folder_ / "state");
    PutFile(folder_ / "state" / "state.pb", "a key");
    PutFile(folder_ / "disk.img", "an image");
    rules_.state_folder = PathText(folder_ / "state");
  }

  // The ways in which one file can be named here.
  static std::vector<std::string> NamesOf(const std::filesystem::path& file) {
    const std::string path = PathText(std::filesystem::absolute(file));
    const std::string roundabout =
        PathText(file.parent_path() / ".." / file.parent_path().filename() / file.filename());
    if (SystemSeparator() == '/') return {path, roundabout};
    return {path, R"(\\?\)" + path, R"(\\.\)" + path};
  }

  const TestingFolder folder_;
  HostRules rules_;
};

TEST_F(AllowedDiskTest, AnImageFileIsOne) {
  for (const std::string& name : NamesOf(folder_ / "disk.img")) {
    std::optional<v1::Failure> refused;
    const absl::StatusOr<OpenedDisk> disk = OpenAllowedDisk(name, rules_, refused);
    ASSERT_TRUE(disk.ok()) << name << ": " << disk.status();
    EXPECT_FALSE(refused.has_value());
    EXPECT_FALSE(disk->is_block_device);
    EXPECT_EQ(disk->size_bytes, 8);
  }
}

TEST_F(AllowedDiskTest, WhatTheAgentKeepsIsNotByAnyName) {
  for (const std::string& name : NamesOf(folder_ / "state" / "state.pb")) {
    std::optional<v1::Failure> refused;
    EXPECT_TRUE(absl::IsPermissionDenied(OpenAllowedDisk(name, rules_, refused).status())) << name;
    ASSERT_TRUE(refused.has_value()) << name;
    EXPECT_EQ(refused->cause(), v1::CAUSE_REFUSED_BY_POLICY);
  }
}

TEST_F(AllowedDiskTest, WhatPolicyRefusesIsNotByAnyName) {
  const std::filesystem::path file = folder_ / "disk.img";
  rules_.refused_paths = {PathText(std::filesystem::absolute(file))};
  for (const std::string& name : NamesOf(file)) {
    std::optional<v1::Failure> refused;
    EXPECT_FALSE(OpenAllowedDisk(name, rules_, refused).ok()) << name;
    EXPECT_TRUE(refused.has_value()) << name;
  }
}

}  // namespace
}  // namespace hozen
