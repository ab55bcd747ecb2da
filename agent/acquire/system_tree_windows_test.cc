// Where paths begin on Windows: drives, and shadow copies, which stand here for folders of the test's own.
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "agent/acquire/borders.h"
#include "agent/acquire/fake_item_sink.h"
#include "agent/acquire/path_walk.h"
#include "agent/acquire/system_tree.h"
#include "core/base/concat.h"
#include "core/base/device_root.h"
#include "core/base/path_text.h"
#include "core/base/testing_folder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string InCopy(int number, const std::string& rest) { return Concat(kShadowCopyDevice, number, rest); }

class ShadowCopyWalkTest : public ::testing::Test {
 protected:
  ShadowCopyWalkTest() {
    for (const char* copy : {"3", "12"}) {
      std::filesystem::create_directories(folder_ / copy / "Windows" / "Config");
      PutFile(folder_ / copy / "Windows" / "Config" / "SAM", copy);
    }
    PutFile(folder_ / "12" / "Windows" / "Config" / "SYSTEM", "x");
    PutFile(folder_ / "12" / "secret", "x");
  }

  std::unique_ptr<FileTree> Tree() {
    return NewSystemTree("", {.list = [this]() -> absl::StatusOr<std::vector<std::string>> {
                                if (!devices_.ok()) return devices_;
                                return std::vector<std::string>{InCopy(3, ""), InCopy(12, "")};
                              },
                              .open =
                                  [this](const std::string& device) {
                                    return OpenRootFolder(PathText(std::filesystem::absolute(folder_.path()) /
                                                                   device.substr(kShadowCopyDevice.size())));
                                  }});
  }

  void Walk(const std::string& pattern, bool by_hand = false) {
    absl::StatusOr<Borders> borders =
        Borders::Create({.refused_paths = refused_paths_, .state_folder = "", .root = ""});
    ASSERT_TRUE(borders.ok()) << borders.status();
    const absl::StatusOr<Glob> glob = Glob::Parse(pattern, '\\', true);
    ASSERT_TRUE(glob.ok()) << glob.status();
    const std::unique_ptr<FileTree> tree = Tree();
    const WalkOptions options = {.named_by_hand = by_hand};
    const absl::Status status = PathWalk(*tree, *glob, options, *borders, sink_, tally_).Run();
    EXPECT_TRUE(status.ok()) << status;
  }

  const TestingFolder folder_;
  absl::Status devices_;
  std::vector<std::string> refused_paths_;
  FakeItemSink sink_;
  WalkTally tally_;
};

TEST_F(ShadowCopyWalkTest, AWildcardMeansEachOfThem) {
  Walk(R"(\\?\GLOBALROOT\Device\HarddiskVolumeShadowCopy*\windows\config\*)");
  EXPECT_THAT(sink_.Paths(), ElementsAre(InCopy(3, R"(\Windows\Config\SAM)"), InCopy(12, R"(\Windows\Config\SAM)"),
                                         InCopy(12, R"(\Windows\Config\SYSTEM)")));
  EXPECT_EQ(sink_.taken[1].bytes, "12");
  EXPECT_EQ(tally_.matched, 3u);
}

TEST_F(ShadowCopyWalkTest, OneIsNamedInAnyCase) {
  Walk(R"(\\?\globalroot\device\harddiskvolumeshadowcopy12\Windows\Config\S?M)");
  EXPECT_THAT(sink_.Paths(), ElementsAre(InCopy(12, R"(\Windows\Config\SAM)")));
}

TEST_F(ShadowCopyWalkTest, AllOfOneIsTaken) {
  Walk(InCopy(12, "\\**"));
  EXPECT_THAT(sink_.Paths(), ::testing::UnorderedElementsAre(
                                 InCopy(12, "\\secret"), InCopy(12, "\\Windows"), InCopy(12, "\\Windows\\Config"),
                                 InCopy(12, "\\Windows\\Config\\SAM"), InCopy(12, "\\Windows\\Config\\SYSTEM")));
}

TEST_F(ShadowCopyWalkTest, OneThatIsNotThereIsSaidWhereSomebodyNamedIt) {
  Walk(InCopy(4, "\\x"));
  EXPECT_THAT(sink_.taken, IsEmpty());
  Walk(InCopy(4, "\\x"), true);
  ASSERT_EQ(sink_.taken.size(), 1u);
  EXPECT_EQ(sink_.taken[0].item.path(), InCopy(4, "\\x"));
  EXPECT_EQ(sink_.taken[0].item.failure().cause(), v1::CAUSE_NOT_FOUND);
}

TEST_F(ShadowCopyWalkTest, WhatIsKeptFromUsOnADriveIsKeptInACopy) {
  refused_paths_ = {R"(C:\Secret)", R"(C:\Windows\config)"};
  Walk(InCopy(12, "\\*"));
  Walk(InCopy(12, R"(\Windows\Config\SAM)"));
  const FakeItemSink::Taken* const secret = sink_.Find(InCopy(12, "\\secret"));
  ASSERT_NE(secret, nullptr);
  EXPECT_EQ(secret->item.failure().cause(), v1::CAUSE_REFUSED_BY_POLICY);
  const FakeItemSink::Taken* const hive = sink_.Find(InCopy(12, R"(\Windows\Config\SAM)"));
  ASSERT_NE(hive, nullptr);
  EXPECT_EQ(hive->item.failure().cause(), v1::CAUSE_REFUSED_BY_POLICY);
  EXPECT_FALSE(hive->has_stream);
}

TEST_F(ShadowCopyWalkTest, ThePolicyMayNameThemToo) {
  refused_paths_ = {R"(\\?\GLOBALROOT\Device\HarddiskVolumeShadowCopy*)"};
  Walk(R"(\\?\GLOBALROOT\Device\HarddiskVolumeShadowCopy*\Windows\Config\*)");
  for (const FakeItemSink::Taken& one : sink_.taken) {
    EXPECT_EQ(one.item.failure().cause(), v1::CAUSE_REFUSED_BY_POLICY);
  }
  EXPECT_EQ(sink_.taken.size(), 2u);
}

TEST_F(ShadowCopyWalkTest, DevicesThatCannotBeListedAreSaid) {
  devices_ = absl::PermissionDeniedError("no");
  Walk(R"(\\?\GLOBALROOT\Device\HarddiskVolumeShadowCopy*\Windows\Config\*)");
  ASSERT_EQ(sink_.taken.size(), 1u);
  EXPECT_EQ(sink_.taken[0].item.failure().cause(), v1::CAUSE_PERMISSION_DENIED);
}

}  // namespace
}  // namespace hozen
