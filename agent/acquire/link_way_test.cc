// Links of Windows, told by links of Linux with such targets: drives are folders here.
#include "agent/acquire/link_way.h"

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "agent/acquire/path_resolver.h"
#include "agent/acquire/system_tree.h"
#include "core/base/testing_folder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class DrivesTree final : public FileTree {
 public:
  explicit DrivesTree(const fs::path& root) : tree_(NewSystemTree(root.string())) {}
  absl::StatusOr<std::unique_ptr<TreeFolder>> OpenRoot() override { return tree_->OpenRoot(); }
  char separator() const override { return '\\'; }
  std::string drive() const override { return "C:"; }
  std::optional<std::string> PathOfVolume(std::string_view name) override {
    const auto found = volumes.find(std::string(name));
    return found == volumes.end() ? std::nullopt : std::optional(found->second);
  }

  std::map<std::string, std::string> volumes;

 private:
  const std::unique_ptr<FileTree> tree_;
};

class LinkWayTest : public testing::Test {
 protected:
  LinkWayTest() : tree_(fs::absolute(folder_.path())) {
    for (const char* path : {"C:/Windows/System32", "C:/Users.old", "D:/Users/mika", "Z:/share"}) {
      fs::create_directories(folder_ / path);
    }
  }

  void Link(const std::string& path, const std::string& target) { fs::create_symlink(target, folder_ / path); }

  // The real path, or the failure's detail.
  std::string Resolve(const std::string& path) {
    absl::StatusOr<Borders> borders =
        Borders::Create({.root = "/drives/", .read_mounts = []() -> absl::StatusOr<MountTable> {
                           return MountTable::FromMountInfo("36 35 98:0 / /drives/Z: rw - cifs //server/share rw\n");
                         }});
    EXPECT_TRUE(borders.ok()) << borders.status();
    failure_.Clear();
    const std::optional<ResolvedFolder> found = ResolveFolder(tree_, PathParts(path, '\\'), *borders, failure_);
    return found.has_value() ? found->real_path : failure_.detail();
  }

  const TestingFolder folder_;
  DrivesTree tree_;
  v1::Failure failure_;
};

TEST_F(LinkWayTest, AJunctionLeadsToAnotherDrive) {
  Link("C:/Users", R"(\??\D:\Users)");
  EXPECT_EQ(Resolve(R"(C:\Users\mika)"), R"(D:\Users\mika)");
  Link("C:/People", R"(\??\d:\Users\)");
  EXPECT_EQ(Resolve(R"(C:\People\mika)"), R"(D:\Users\mika)");
  Link("C:/Data", R"(\??\D:)");
  EXPECT_EQ(Resolve(R"(C:\Data\Users)"), R"(D:\Users)");
  Link("C:/Extended", R"(\\?\D:\Users)");
  EXPECT_EQ(Resolve(R"(C:\Extended)"), R"(D:\Users)");
  Link("C:/Plain", R"(D:\Users)");
  EXPECT_EQ(Resolve(R"(C:\Plain)"), R"(D:\Users)");
}

TEST_F(LinkWayTest, ALinkLeadsOnFromItsFolderOrItsDrive) {
  Link("D:/Users/up", R"(..\.\Users\mika)");
  EXPECT_EQ(Resolve(R"(D:\Users\up)"), R"(D:\Users\mika)");
  Link("D:/Users/root", R"(\Users\mika)");
  EXPECT_EQ(Resolve(R"(D:\Users\root)"), R"(D:\Users\mika)");
  // Never out of the drive.
  Link("D:/Users/out", R"(..\..\..\C:\Windows)");
  EXPECT_NE(Resolve(R"(D:\Users\out)"), R"(C:\Windows)");
  EXPECT_EQ(failure_.cause(), v1::CAUSE_NOT_FOUND);
}

TEST_F(LinkWayTest, AVolumeIsFoundByItsName) {
  constexpr char kName[] = "Volume{11111111-2222-3333-4444-555555555555}";
  Link("C:/mnt", std::string(R"(\??\)") + kName + "\\");
  EXPECT_THAT(Resolve(R"(C:\mnt\Users)"), HasSubstr(kName));
  EXPECT_EQ(failure_.cause(), v1::CAUSE_NOT_SUPPORTED);
  tree_.volumes[kName] = "D:";
  EXPECT_EQ(Resolve(R"(C:\mnt\Users)"), R"(D:\Users)");
}

TEST_F(LinkWayTest, WhatIsOnAnotherMachineIsNotFollowed) {
  for (const char* target :
       {R"(\??\UNC\server\share)", R"(\\server\share)", R"(\\?\UNC\server\share)", R"(\??\unc\server\share)",
        R"(\Device\Mup\server\share)", R"(\??\GLOBALROOT\Device\Mup\server\share)", R"(\??\Z:\share)"}) {
    fs::remove(folder_ / "C:/there");
    Link("C:/there", target);
    Resolve(R"(C:\there\x)");
    EXPECT_EQ(failure_.cause(), v1::CAUSE_REMOTE_FILE_SYSTEM) << target;
  }
}

TEST_F(LinkWayTest, WhatIsNotKnownHereIsSaid) {
  for (const char* target : {R"(\??\E:\Users)", R"(\??\Volume{x}\)", R"(\??\)", R"(\??\GLOBALROOT\)", R"(\??\PIPE\x)",
                             R"(\Device\Harddisk9\x)", R"(\\?\GLOBALROOT\Device\HarddiskVolume9\x)"}) {
    fs::remove(folder_ / "C:/there");
    Link("C:/there", target);
    Resolve(R"(C:\there\x)");
    EXPECT_EQ(failure_.cause(), v1::CAUSE_NOT_SUPPORTED) << target << ": " << failure_.detail();
  }
}

TEST_F(LinkWayTest, LoopsEnd) {
  Link("C:/one", R"(\??\D:\two)");
  Link("D:/two", R"(\??\C:\one)");
  Resolve(R"(C:\one)");
  EXPECT_EQ(failure_.cause(), v1::CAUSE_LOOP);
}

TEST_F(LinkWayTest, TheWholeWayIsTold) {
  EXPECT_THAT(PartsFromRoot({.start = LinkWay::Start::kFolder, .parts = {"..", "x"}}, R"(C:\a)", '\\'),
              ElementsAre("C:", "a", "..", "x"));
  EXPECT_THAT(PartsFromRoot({.start = LinkWay::Start::kDrive, .parts = {"x"}}, R"(C:\a\b)", '\\'),
              ElementsAre("C:", "x"));
  EXPECT_THAT(PartsFromRoot({.start = LinkWay::Start::kRoot, .parts = {"D:", "x"}}, R"(C:\a)", '\\'),
              ElementsAre("D:", "x"));
}

TEST_F(LinkWayTest, WhereNoWindowsIsKnownItsPathsAreSaid) {
  const std::unique_ptr<FileTree> tree = NewSystemTree(fs::absolute(folder_.path()).string());
  const absl::StatusOr<Borders> borders = Borders::Create({});
  ASSERT_TRUE(borders.ok());
  EXPECT_FALSE(WayOfLink(*tree, *borders, R"(\??\D:\Users)", failure_).has_value());
  EXPECT_EQ(failure_.cause(), v1::CAUSE_NOT_SUPPORTED);
}

}  // namespace
}  // namespace hozen
