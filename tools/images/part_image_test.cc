#include "tools/images/part_image.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/base/concat.h"
#include "core/base/file.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kSynced = PartImage::kSyncedEveryBytes;

class PartImageTest : public ::testing::Test {
 protected:
  PartImageTest()
      : folder_(fs::path(::testing::TempDir()) / ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }

  std::unique_ptr<PartImage> Open(bool start_over = false) {
    auto part = PartImage::Open(target_(), identity_, start_over);
    EXPECT_TRUE(part.ok()) << part.status();
    return part.ok() ? *std::move(part) : nullptr;
  }
  fs::path target_() const { return folder_ / "disk.raw"; }
  fs::path part_path() const { return folder_ / "disk.raw.part"; }
  fs::path record_path() const { return folder_ / "disk.raw.part.json"; }
  static std::string Bytes(size_t size) {
    std::string bytes(size, '\0');
    for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>('a' + i % 23);
    return bytes;
  }

  const fs::path folder_;
  ImageIdentity identity_{.acquisition_id = "0011223344556677",
                          .item_index = 3,
                          .disk_sha256_hex = std::string(64, 'a'),
                          .offset_bytes = 512,
                          .size_bytes = 4 * kSynced,
                          .format = "raw"};
};

TEST_F(PartImageTest, GoesOnFromTheLastSyncAndHashesWhatIsThere) {
  const std::string bytes = Bytes(kSynced);
  {
    const auto part = Open();
    ASSERT_TRUE(part->ReadBack([](uint64_t) {}).ok());
    ASSERT_TRUE(part->Zeros(kSynced).ok());
    ASSERT_TRUE(part->Data(bytes).ok());  // synced here
    ASSERT_TRUE(part->Data("lost").ok());
  }
  const auto part = Open();
  ASSERT_EQ(part->size_bytes(), 2 * kSynced);
  EXPECT_LT(part->allocated_bytes(), 2 * kSynced) << "zeros are holes";
  uint64_t read = 0;
  ASSERT_TRUE(part->ReadBack([&](uint64_t done) { read = done; }).ok());
  EXPECT_EQ(read, 2 * kSynced);
  ASSERT_TRUE(part->Data("end").ok());
  ASSERT_TRUE(part->Zeros(5).ok());
  const std::string all = std::string(kSynced, '\0') + bytes + "end" + std::string(5, '\0');
  EXPECT_EQ(part->Finish(), Sha256::Of(all));
  ASSERT_TRUE(part->Commit(false).ok());
  EXPECT_EQ(*ReadWholeFile(target_(), all.size()), all);
  EXPECT_FALSE(fs::exists(part_path()));
  EXPECT_FALSE(fs::exists(record_path()));
}

TEST_F(PartImageTest, ThePartOfSomethingElseIsRefusedUnlessToldToStartOver) {
  {
    const auto part = Open();
    ASSERT_TRUE(part->ReadBack([](uint64_t) {}).ok());
    ASSERT_TRUE(part->Data("bytes").ok());
    ASSERT_TRUE(part->Sync().ok());
  }
  const ImageIdentity ours = identity_;
  for (int member = 0; member < 6; ++member) {
    identity_ = ours;
    if (member == 0) identity_.acquisition_id = "ffffffffffffffff";
    if (member == 1) identity_.item_index = 4;
    if (member == 2) identity_.disk_sha256_hex = std::string(64, 'b');
    if (member == 3) identity_.offset_bytes = 0;
    if (member == 4) identity_.size_bytes = 6;
    if (member == 5) identity_.format = "e01";
    EXPECT_TRUE(absl::IsFailedPrecondition(PartImage::Open(target_(), identity_, false).status())) << member;
  }
  EXPECT_EQ(fs::file_size(part_path()), 5u) << "what was refused was not touched";
  EXPECT_EQ(Open(/*start_over=*/true)->size_bytes(), 0u);
}

TEST_F(PartImageTest, WithoutARecordOrShorterThanItsRecordItBeginsAnew) {
  std::ofstream(part_path()) << "what an older program left";
  EXPECT_EQ(Open()->size_bytes(), 0u);
  {
    const auto part = Open();
    ASSERT_TRUE(part->ReadBack([](uint64_t) {}).ok());
    ASSERT_TRUE(part->Data("bytes").ok());
    ASSERT_TRUE(part->Sync().ok());
  }
  fs::resize_file(part_path(), 4);
  EXPECT_EQ(Open()->size_bytes(), 0u);
  std::ofstream(record_path()) << "{\"format\": \"hozen-part\", \"format_version\": 1}";
  EXPECT_TRUE(absl::IsFailedPrecondition(PartImage::Open(target_(), identity_, false).status()));
}

TEST_F(PartImageTest, TwoDoNotWriteTheSamePart) {
  const auto part = Open();
  EXPECT_TRUE(absl::IsUnavailable(PartImage::Open(target_(), identity_, false).status()));
  EXPECT_TRUE(absl::IsUnavailable(PartImage::Open(target_(), identity_, true).status()));
}

TEST_F(PartImageTest, ALinkIsNotFollowedAndAFileNotReplaced) {
  fs::create_symlink(folder_ / "elsewhere", part_path());
  EXPECT_FALSE(PartImage::Open(target_(), identity_, false).ok());
  EXPECT_FALSE(fs::exists(folder_ / "elsewhere"));
  fs::remove(part_path());
  const auto part = Open();
  ASSERT_TRUE(part->ReadBack([](uint64_t) {}).ok());
  std::ofstream(target_()) << "mine";
  EXPECT_TRUE(absl::IsAlreadyExists(part->Commit(false)));
  EXPECT_EQ(*ReadWholeFile(target_(), 100), "mine");
}

TEST_F(PartImageTest, DiscardLeavesNothing) {
  Open()->Discard();
  EXPECT_TRUE(fs::is_empty(folder_));
}

}  // namespace
}  // namespace hozen
