// Where volumes stand in a tree, told by volumes that cannot be opened: the way to each is a folder all the same.
#include "agent/raw/raw_tree.h"

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::ElementsAre;

constexpr char kFirstCopy[] = R"(\\?\GLOBALROOT\Device\HarddiskVolumeShadowCopy1)";
constexpr char kSecondCopy[] = R"(\\?\GLOBALROOT\Device\HarddiskVolumeShadowCopy2)";

RawTreeShape::OpenVolume Unreadable(const std::string& why) {
  return [why]() -> absl::StatusOr<RawVolume*> { return absl::DataLossError(why); };
}

std::vector<std::string> NamesIn(TreeFolder& folder) {
  std::vector<std::string> names;
  const std::unique_ptr<TreeReader> reader = folder.List(false);
  while (true) {
    const absl::StatusOr<std::vector<TreeEntry>> entries = reader->Next();
    if (!entries.ok() || entries->empty()) return names;
    for (const TreeEntry& entry : *entries) names.push_back(entry.name);
  }
}

RawTreeShape WindowsShape() {
  RawTreeShape shape;
  shape.separator = '\\';
  shape.ignores_case = true;
  shape.volumes = {{"C:", Unreadable("of C:")},
                   {kFirstCopy, Unreadable("of the first copy")},
                   {kSecondCopy, Unreadable("of the second copy")}};
  return shape;
}

TEST(RawTreeTest, DrivesAndShadowCopiesStandAtTheRoot) {
  const std::unique_ptr<FileTree> tree = NewRawTree(WindowsShape());
  const absl::StatusOr<std::unique_ptr<TreeFolder>> root = tree->OpenRoot();
  ASSERT_TRUE(root.ok());
  EXPECT_THAT(NamesIn(**root), ElementsAre("C:", kFirstCopy, kSecondCopy));
}

TEST(RawTreeTest, AShadowCopyIsFoundByItsDeviceInAnyCase) {
  const std::unique_ptr<FileTree> tree = NewRawTree(WindowsShape());
  const absl::StatusOr<std::unique_ptr<TreeFolder>> root = tree->OpenRoot();
  ASSERT_TRUE(root.ok());
  const absl::StatusOr<TreeEntry> copy = (*root)->Find(R"(\\?\globalroot\device\harddiskvolumeshadowcopy2)");
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_EQ(copy->name, kSecondCopy);
  const absl::StatusOr<std::unique_ptr<TreeFolder>> folder = (*root)->OpenFolder(*copy);
  ASSERT_TRUE(folder.ok());
  EXPECT_EQ((*folder)->Find("Windows").status(), absl::DataLossError("of the second copy"));
  EXPECT_TRUE(absl::IsNotFound((*root)->Find(R"(\\?\GLOBALROOT\Device\HarddiskVolumeShadowCopy3)").status()));
}

TEST(RawTreeTest, AFolderLeadsToAVolumeBelowIt) {
  RawTreeShape shape;
  shape.volumes = {{"/srv/data", Unreadable("of /srv/data")}};
  const std::unique_ptr<FileTree> tree = NewRawTree(std::move(shape));
  const absl::StatusOr<std::unique_ptr<TreeFolder>> root = tree->OpenRoot();
  ASSERT_TRUE(root.ok());
  EXPECT_THAT(NamesIn(**root), ElementsAre("srv"));
  const absl::StatusOr<TreeEntry> srv = (*root)->Find("srv");
  ASSERT_TRUE(srv.ok()) << srv.status();
  const absl::StatusOr<std::unique_ptr<TreeFolder>> folder = (*root)->OpenFolder(*srv);
  ASSERT_TRUE(folder.ok());
  EXPECT_THAT(NamesIn(**folder), ElementsAre("data"));
}

}  // namespace
}  // namespace hozen
