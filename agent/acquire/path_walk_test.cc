// Walks over trees that are not all the same: what the system denies, and what it does not show.
#include "agent/acquire/path_walk.h"

#include <stdlib.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/acquire/fake_item_sink.h"
#include "agent/acquire/system_tree.h"
#include "core/base/status_context.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;
using ::testing::UnorderedElementsAre;

// Another tree, with one thing else about its folders.
class OtherFolder final : public TreeFolder {
 public:
  struct Ways {
    v1::Access access = v1::ACCESS_SYSTEM;
    absl::Status opening_files;  // what comes of it, where that is an error
    absl::Status opening_folders;
    absl::Status finding;  // what is called "denied"
  };
  OtherFolder(std::unique_ptr<TreeFolder> folder, const Ways& ways) : folder_(std::move(folder)), ways_(ways) {}

  const v1::FileMetadata& metadata() const override { return folder_->metadata(); }
  bool access_time_kept() const override { return true; }
  v1::Access access() const override { return ways_.access; }
  absl::StatusOr<TreeEntry> Find(const std::string& name) override {
    if (!ways_.finding.ok() && name == "denied") return ways_.finding;
    return folder_->Find(name);
  }
  absl::StatusOr<LinkTarget> ReadLink(const TreeEntry& entry) override { return folder_->ReadLink(entry); }
  absl::StatusOr<std::unique_ptr<TreeFolder>> OpenFolder(const TreeEntry& entry) override {
    if (!ways_.opening_folders.ok() && entry.name == "closed") return ways_.opening_folders;
    absl::StatusOr<std::unique_ptr<TreeFolder>> opened = folder_->OpenFolder(entry);
    if (!opened.ok()) return opened;
    return std::make_unique<OtherFolder>(*std::move(opened), ways_);
  }
  absl::StatusOr<OpenedContents> OpenFile(const TreeEntry& entry) override {
    if (!ways_.opening_files.ok()) return ways_.opening_files;
    return folder_->OpenFile(entry);
  }
  absl::StatusOr<std::unique_ptr<Source>> OpenStream(const TreeEntry& entry, const TreeStream& stream) override {
    return folder_->OpenStream(entry, stream);
  }
  std::unique_ptr<TreeReader> List(bool deleted) override { return folder_->List(deleted); }

 private:
  const std::unique_ptr<TreeFolder> folder_;
  const Ways ways_;
};

class OtherTree final : public FileTree {
 public:
  OtherTree(const std::string& root, OtherFolder::Ways ways, std::string drive = "")
      : tree_(NewSystemTree(root)), ways_(std::move(ways)), drive_(std::move(drive)) {}
  absl::StatusOr<std::unique_ptr<TreeFolder>> OpenRoot() override {
    absl::StatusOr<std::unique_ptr<TreeFolder>> opened = tree_->OpenRoot();
    if (!opened.ok()) return opened;
    return std::make_unique<OtherFolder>(*std::move(opened), ways_);
  }
  char separator() const override { return drive_.empty() ? '/' : '\\'; }
  std::string drive() const override { return drive_; }

 private:
  const std::unique_ptr<FileTree> tree_;
  const OtherFolder::Ways ways_;
  const std::string drive_;  // paths are Windows' where there is one
};

class PathWalkTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string folder = testing::TempDir() + "/walk.XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    root_ = folder;
    options_.artifact = "An";
  }
  void TearDown() override { fs::remove_all(root_); }

  void Write(const std::string& path, const std::string& bytes) {
    fs::create_directories((root_ + path).substr(0, (root_ + path).rfind('/')));
    std::ofstream(root_ + path, std::ios::binary) << bytes;
  }

  void Walk(FileTree& tree, const std::string& pattern) {
    absl::StatusOr<Borders> borders = Borders::Create({});
    ASSERT_TRUE(borders.ok()) << borders.status();
    const absl::StatusOr<Glob> glob = Glob::Parse(pattern, tree.separator(), false);
    ASSERT_TRUE(glob.ok()) << glob.status();
    const absl::Status status = PathWalk(tree, *glob, options_, *borders, sink_, tally_).Run();
    EXPECT_TRUE(status.ok()) << status;
  }

  const v1::Item& Item(const std::string& path) {
    const FakeItemSink::Taken* found = sink_.Find(path);
    static const v1::Item& none = *new v1::Item();
    EXPECT_NE(found, nullptr) << path << " among " << testing::PrintToString(sink_.Paths());
    return found == nullptr ? none : found->item;
  }

  std::string root_;
  WalkOptions options_;
  FakeItemSink sink_;
  WalkTally tally_;
};

TEST_F(PathWalkTest, WhatTheSystemDeniesIsReadOnTheOtherWay) {
  Write("/system/etc/shadow", "as the system has it");
  Write("/raw/etc/shadow", "as the volume has it");
  OtherTree system(root_ + "/system", {.opening_files = ErrnoStatus(EPERM, "opening")});
  OtherTree raw(root_ + "/raw", {.access = v1::ACCESS_RAW});
  options_.detour = &raw;
  Walk(system, "/etc/*");
  EXPECT_EQ(Item("/etc/shadow").access(), v1::ACCESS_RAW);
  EXPECT_EQ(sink_.Find("/etc/shadow")->bytes, "as the volume has it");
}

TEST_F(PathWalkTest, AFolderOnTheWayThatTheSystemDeniesIsEnteredOnTheOtherWay) {
  Write("/system/closed/sub/file", "as the system has it");
  Write("/raw/closed/sub/file", "as the volume has it");
  OtherTree system(root_ + "/system", {.opening_folders = ErrnoStatus(EACCES, "opening")});
  OtherTree raw(root_ + "/raw", {.access = v1::ACCESS_RAW});
  Walk(system, "/closed/sub/file");
  EXPECT_EQ(Item("/closed/sub/file").failure().cause(), v1::CAUSE_PERMISSION_DENIED);
  sink_ = FakeItemSink();
  options_.detour = &raw;
  Walk(system, "/closed/sub/file");
  EXPECT_EQ(Item("/closed/sub/file").access(), v1::ACCESS_RAW);
  EXPECT_EQ(sink_.Find("/closed/sub/file")->bytes, "as the volume has it");
}

TEST_F(PathWalkTest, ANameThatTheSystemDeniesIsFoundOnTheOtherWay) {
  for (const std::string tree : {"/system", "/raw"}) {
    Write(tree + "/file/denied", tree);
    Write(tree + "/folder/denied/below", tree);
  }
  OtherTree system(root_ + "/system", {.finding = ErrnoStatus(EACCES, "looking")});
  OtherTree raw(root_ + "/raw", {.access = v1::ACCESS_RAW});
  options_.detour = &raw;
  Walk(system, "/file/*");
  Walk(system, "/folder/**");
  for (const std::string path : {"/file/denied", "/folder/denied/below"}) {
    EXPECT_EQ(Item(path).access(), v1::ACCESS_RAW);
    EXPECT_FALSE(Item(path).hidden());
    EXPECT_EQ(sink_.Find(path)->bytes, "/raw");
  }
}

TEST_F(PathWalkTest, WithoutAnotherWayADeniedFileHasFailed) {
  Write("/system/etc/shadow", "x");
  OtherTree system(root_ + "/system", {.opening_files = ErrnoStatus(EPERM, "opening")});
  Walk(system, "/etc/*");
  EXPECT_EQ(Item("/etc/shadow").state(), v1::Item::STATE_FAILED);
  EXPECT_EQ(Item("/etc/shadow").failure().cause(), v1::CAUSE_PERMISSION_DENIED);
}

TEST_F(PathWalkTest, AFileThatIsGoneIsNotSoughtOnTheOtherWay) {
  Write("/system/etc/gone", "x");
  Write("/raw/etc/gone", "x");
  OtherTree system(root_ + "/system", {.opening_files = ErrnoStatus(ENOENT, "opening")});
  OtherTree raw(root_ + "/raw", {.access = v1::ACCESS_RAW});
  options_.detour = &raw;
  Walk(system, "/etc/*");
  EXPECT_EQ(Item("/etc/gone").failure().cause(), v1::CAUSE_VANISHED);
}

TEST_F(PathWalkTest, AFolderThatTheSystemDeniesIsWalkedOnTheOtherWay) {
  Write("/system/a/open", "x");
  fs::create_directories(root_ + "/system/a/closed");
  Write("/raw/a/closed/in", "inside");
  OtherTree system(root_ + "/system", {.opening_folders = ErrnoStatus(EACCES, "opening")});
  OtherTree raw(root_ + "/raw", {.access = v1::ACCESS_RAW});
  options_.detour = &raw;
  Walk(system, "/a/**");
  EXPECT_EQ(Item("/a/open").access(), v1::ACCESS_SYSTEM);
  EXPECT_EQ(Item("/a/closed/in").access(), v1::ACCESS_RAW);
}

TEST_F(PathWalkTest, WhatTheSystemDoesNotShowIsHidden) {
  Write("/system/bin/ls", "x");
  Write("/raw/bin/ls", "x");
  Write("/raw/bin/evil", "x");
  OtherTree raw(root_ + "/raw", {.access = v1::ACCESS_RAW});
  const std::unique_ptr<FileTree> system = NewSystemTree(root_ + "/system");
  options_.as_shown_by = system.get();
  Walk(raw, "/bin/*");
  EXPECT_FALSE(Item("/bin/ls").hidden());
  EXPECT_TRUE(Item("/bin/evil").hidden());
}

TEST_F(PathWalkTest, OfASecondWalkOnlyWhatTheFirstDidNotSeeIsTaken) {
  Write("/system/bin/ls", "x");
  Write("/raw/bin/ls", "x");
  Write("/raw/bin/evil", "x");
  OtherTree raw(root_ + "/raw", {.access = v1::ACCESS_RAW});
  const std::unique_ptr<FileTree> system = NewSystemTree(root_ + "/system");
  options_.as_shown_by = system.get();
  options_.unseen_only = true;
  Walk(raw, "/**");
  EXPECT_THAT(sink_.Paths(), UnorderedElementsAre("/bin/evil"));
}

TEST_F(PathWalkTest, WhatSomebodyNamedAndTheSystemDoesNotShowIsSoughtOnTheOtherWay) {
  fs::create_directories(root_ + "/system/bin");
  Write("/raw/bin/evil", "found");
  OtherTree raw(root_ + "/raw", {.access = v1::ACCESS_RAW});
  const std::unique_ptr<FileTree> system = NewSystemTree(root_ + "/system");
  options_.detour = &raw;
  options_.named_by_hand = true;
  Walk(*system, "/bin/evil");
  EXPECT_TRUE(Item("/bin/evil").hidden());
  EXPECT_EQ(sink_.Find("/bin/evil")->bytes, "found");
}

TEST_F(PathWalkTest, ProfilesBehindAJunctionAreWalked) {
  fs::create_directories(root_ + "/C:");
  fs::create_symlink(R"(\??\D:\Users)", root_ + "/C:/Users");
  Write("/D:/Users/mika/NTUSER.DAT", "hive");
  OtherTree tree(root_, {}, "C:");
  Walk(tree, R"(C:\Users\mika\NTUSER.DAT*)");
  ASSERT_EQ(sink_.taken.size(), 1u);
  EXPECT_EQ(sink_.taken[0].bytes, "hive");
}

TEST_F(PathWalkTest, AJunctionThatLeadsOutIsSaidInTheNameOfThePattern) {
  fs::create_directories(root_ + "/C:");
  fs::create_symlink(R"(\??\UNC\server\homes)", root_ + "/C:/Users");
  OtherTree tree(root_, {}, "C:");
  Walk(tree, R"(C:\Users\mika\*)");
  EXPECT_EQ(Item(R"(C:\Users\mika)").failure().cause(), v1::CAUSE_REMOTE_FILE_SYSTEM);
  sink_.taken.clear();
  fs::remove(root_ + "/C:/Users");
  fs::create_symlink(R"(\??\E:\Users)", root_ + "/C:/Users");
  Walk(tree, R"(C:\Users\mika\*)");
  EXPECT_EQ(Item(R"(C:\Users\mika)").failure().cause(), v1::CAUSE_NOT_SUPPORTED);
}

TEST_F(PathWalkTest, AFileBehindALinkOfWindowsIsTaken) {
  Write("/D:/real", "x");
  fs::create_directories(root_ + "/C:");
  fs::create_symlink(R"(\??\D:\real)", root_ + "/C:/link");
  fs::create_symlink(R"(\\server\share\real)", root_ + "/C:/away");
  OtherTree tree(root_, {}, "C:");
  Walk(tree, R"(C:\link)");
  EXPECT_EQ(Item(R"(D:\real)").kind(), v1::Item::KIND_FILE);
  Walk(tree, R"(C:\away)");
  EXPECT_EQ(Item(R"(\\server\share\real)").failure().cause(), v1::CAUSE_REMOTE_FILE_SYSTEM);
}

TEST_F(PathWalkTest, AFolderThatAPatternNamesBehindAWildcardMayBeALink) {
  Write("/data/chrome/Default/History", "x");
  fs::create_directories(root_ + "/home/ann");
  fs::create_symlink("/data/chrome", root_ + "/home/ann/chrome");
  fs::create_directories(root_ + "/home/bob");
  fs::create_symlink("/home", root_ + "/home/bob/chrome");  // a loop, or none
  fs::create_directories(root_ + "/home/eve");
  fs::create_symlink("nowhere", root_ + "/home/eve/chrome");
  OtherTree tree(root_, {});
  Walk(tree, "/home/*/chrome/*/History");
  EXPECT_EQ(Item("/home/ann/chrome/Default/History").failure().cause(), v1::CAUSE_UNSPECIFIED);
  EXPECT_EQ(Item("/home/bob/chrome").failure().cause(), v1::CAUSE_LOOP);
  EXPECT_EQ(sink_.taken.size(), 2u);
  // What is listed is recorded, and not entered.
  sink_.taken.clear();
  Walk(tree, "/home/ann/**");
  EXPECT_THAT(sink_.Paths(), UnorderedElementsAre("/home/ann/chrome"));
}

}  // namespace
}  // namespace hozen
