// Streams of files as a walk takes them, of trees that are made up.
#include "agent/acquire/walk_items.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/acquire/fake_item_sink.h"
#include "core/bytes/source.h"
#include "core/evidence/file_mode.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::ElementsAre;

v1::FileMetadata Metadata(uint32_t mode) {
  v1::FileMetadata metadata;
  metadata.set_mode(mode);
  metadata.set_inode(7);
  metadata.set_device(1);
  return metadata;
}

// The only folder of a tree, with a file "f" that has a stream "s".
class FakeFolder final : public TreeFolder {
 public:
  FakeFolder(v1::Access access, absl::Status denied) : access_(access), denied_(std::move(denied)) {}

  const v1::FileMetadata& metadata() const override { return metadata_; }
  bool access_time_kept() const override { return true; }
  v1::Access access() const override { return access_; }
  absl::StatusOr<TreeEntry> Find(const std::string& name) override {
    TreeEntry entry;
    entry.name = name;
    entry.type = FileType::kRegular;
    entry.metadata = Metadata(kModeRegular | 0444);
    TreeStream& stream = entry.streams.emplace_back();
    stream.name = "s";
    stream.size_bytes = 3;
    if (access_ == v1::ACCESS_RAW) {
      TreeStream& index = entry.streams.emplace_back();
      index.name = "$I30:$INDEX_ROOT";
      index.attribute.set_name("$I30");
      index.size_bytes = 18;
      index.is_data = false;
    }
    return entry;
  }
  absl::StatusOr<LinkTarget> ReadLink(const TreeEntry&) override { return absl::NotFoundError("no link"); }
  absl::StatusOr<std::unique_ptr<TreeFolder>> OpenFolder(const TreeEntry&) override {
    return absl::NotFoundError("no folder");
  }
  absl::StatusOr<OpenedContents> OpenFile(const TreeEntry& entry) override {
    return OpenedContents{.source = NewMemorySource("contents"), .metadata = *entry.metadata};
  }
  absl::StatusOr<std::unique_ptr<Source>> OpenStream(const TreeEntry&, const TreeStream& stream) override {
    if (!denied_.ok()) return denied_;
    return NewMemorySource(stream.name + (access_ == v1::ACCESS_RAW ? "-r" : "-s"));
  }
  std::unique_ptr<TreeReader> List(bool) override { return nullptr; }

 private:
  const v1::Access access_;
  const absl::Status denied_;
  const v1::FileMetadata metadata_ = Metadata(kModeFolder | 0555);
};

class FakeTree final : public FileTree {
 public:
  explicit FakeTree(v1::Access access, absl::Status denied = absl::OkStatus())
      : access_(access), denied_(std::move(denied)) {}
  absl::StatusOr<std::unique_ptr<TreeFolder>> OpenRoot() override {
    return std::make_unique<FakeFolder>(access_, denied_);
  }

 private:
  const v1::Access access_;
  const absl::Status denied_;
};

class WalkItemsTest : public ::testing::Test {
 protected:
  void TakeFile(FileTree& tree) {
    const absl::StatusOr<Borders> borders =
        Borders::Create({.read_mounts = []() -> absl::StatusOr<MountTable> { return MountTable(); }});
    ASSERT_TRUE(borders.ok()) << borders.status();
    const std::unique_ptr<TreeFolder> folder = *tree.OpenRoot();
    WalkedEntry walked;
    walked.entry = *folder->Find("f");
    walked.path = walked.real_path = "/f";
    WalkItems items(options_, *borders, sink_, tally_);
    const absl::Status status = items.File(*folder, walked);
    EXPECT_TRUE(status.ok()) << status;
  }

  void TakeStreams(FileTree& tree) {
    const absl::StatusOr<Borders> borders =
        Borders::Create({.read_mounts = []() -> absl::StatusOr<MountTable> { return MountTable(); }});
    ASSERT_TRUE(borders.ok()) << borders.status();
    const std::unique_ptr<TreeFolder> folder = *tree.OpenRoot();
    WalkedEntry walked;
    walked.entry = *folder->Find("f");
    walked.path = walked.real_path = "/f";
    WalkItems items(options_, *borders, sink_, tally_);
    EXPECT_TRUE(items.Streams(*folder, walked).ok());
  }

  WalkOptions options_;
  FakeItemSink sink_;
  WalkTally tally_;
};

TEST_F(WalkItemsTest, AStreamOfTheSystemEndsWhereReadsDo) {
  FakeTree system(v1::ACCESS_SYSTEM);
  TakeFile(system);
  EXPECT_THAT(sink_.Paths(), ElementsAre("/f", "/f:s"));
  EXPECT_EQ(sink_.taken[1].bytes, "s-s");
  EXPECT_TRUE(sink_.taken[1].until_end);
  EXPECT_EQ(sink_.taken[1].item.access(), v1::ACCESS_SYSTEM);
}

TEST_F(WalkItemsTest, ARawOneWhereItsRecordSays) {
  FakeTree raw(v1::ACCESS_RAW);
  TakeFile(raw);
  EXPECT_EQ(sink_.taken[1].bytes, "s-r");
  EXPECT_FALSE(sink_.taken[1].until_end);
}

TEST_F(WalkItemsTest, AStreamThatTheSystemDeniesIsReadRaw) {
  FakeTree system(v1::ACCESS_SYSTEM, absl::PermissionDeniedError("no"));
  FakeTree raw(v1::ACCESS_RAW);
  options_.detour = &raw;
  TakeFile(system);
  EXPECT_EQ(sink_.taken[0].item.access(), v1::ACCESS_SYSTEM);
  EXPECT_EQ(sink_.taken[1].bytes, "s-r");
  EXPECT_EQ(sink_.taken[1].item.access(), v1::ACCESS_RAW);
  EXPECT_FALSE(sink_.taken[1].until_end);
  EXPECT_EQ(tally_.matched, 2u);
}

TEST_F(WalkItemsTest, AnAttributeThatIsNoStreamIsReadRaw) {
  FakeTree system(v1::ACCESS_SYSTEM);
  FakeTree raw(v1::ACCESS_RAW);
  options_.detour = &raw;
  const absl::StatusOr<Glob> index = Glob::Parse("\\$I30", '\\', true);
  ASSERT_TRUE(index.ok());
  options_.stream = &*index;
  TakeStreams(system);
  EXPECT_THAT(sink_.Paths(), ElementsAre("/f:$I30:$INDEX_ROOT"));
  EXPECT_EQ(sink_.taken[0].bytes, "$I30:$INDEX_ROOT-r");
  EXPECT_EQ(sink_.taken[0].item.access(), v1::ACCESS_RAW);
  // Of others it is not even asked.
  const absl::StatusOr<Glob> other = Glob::Parse("\\Zone.Identifier", '\\', true);
  options_.stream = &*other;
  TakeStreams(system);
  EXPECT_EQ(sink_.taken.size(), 1u);
}

TEST_F(WalkItemsTest, WhereNobodyGivesItItIsAnItemThatFailed) {
  FakeTree system(v1::ACCESS_SYSTEM, absl::PermissionDeniedError("no"));
  FakeTree raw(v1::ACCESS_RAW, absl::DataLossError("damaged"));
  options_.detour = &raw;
  TakeFile(system);
  EXPECT_EQ(sink_.taken[1].item.state(), v1::Item::STATE_FAILED);
  EXPECT_EQ(sink_.taken[1].item.failure().cause(), v1::CAUSE_PERMISSION_DENIED);
}

}  // namespace
}  // namespace hozen
