#include "agent/run/manifest_builder.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>

#include "agent/run/journal.h"
#include "core/base/concat.h"
#include "core/crypto/sha256.h"
#include "core/evidence/body.h"
#include "core/evidence/map.h"

namespace hozen {
namespace {

class ManifestBuilderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = ::testing::TempDir() + "/manifest.XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    absl::StatusOr<std::unique_ptr<Journal>> journal =
        Journal::Open(path(), [](uint64_t, const v1::JournalRecord&) { return absl::OkStatus(); });
    ASSERT_TRUE(journal.ok()) << journal.status();
    for (int i = 0; i < 100; ++i) {
      v1::JournalRecord record;
      record.mutable_body()->mutable_item()->set_index(i);
      record.mutable_body()->mutable_item()->set_path(Concat("/file-", i));
      ASSERT_TRUE((*journal)->Append(record).ok());
    }
    size_bytes_ = (*journal)->size_bytes();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path path() const { return folder_ / "journal"; }
  absl::Status Write() const {
    return WriteBody(path(), size_bytes_, [](std::string_view) { return absl::OkStatus(); });
  }

  std::filesystem::path folder_;
  uint64_t size_bytes_ = 0;
};

TEST_F(ManifestBuilderTest, WritesTheBodyOfAWholeJournal) { EXPECT_TRUE(Write().ok()) << Write(); }

TEST_F(ManifestBuilderTest, AMapThatIsLongerThanARecordStandsInParts) {
  const std::filesystem::path path = folder_ / "long";
  absl::StatusOr<std::unique_ptr<Journal>> journal =
      Journal::Open(path, [](uint64_t, const v1::JournalRecord&) { return absl::OkStatus(); });
  ASSERT_TRUE(journal.ok()) << journal.status();
  constexpr int kRuns = 2 * kMaxExtentsPerRecord + 5;
  v1::JournalRecord record;
  v1::Item& item = *record.mutable_body()->mutable_item();
  item.set_kind(v1::Item::KIND_DISK);
  item.set_state(v1::Item::STATE_COMPLETE);
  item.set_path("/a disk in small pieces");
  item.set_has_stream(true);
  item.set_sha256(std::string(Sha256::Of("").bytes()));
  item.set_size_bytes(kRuns * 512);
  for (int i = 0; i < kRuns; ++i) {
    *item.add_extents() = ChunkExtent(Sha256::Of(Concat(i)), 512);
  }
  ASSERT_TRUE((*journal)->Append(record).ok());
  int runs = 0;
  BodyReader::Handler handler;
  handler.on_extents = [&](uint64_t, const ExtentList& extents) {
    runs += extents.size();
    return absl::OkStatus();
  };
  BodyReader reader(handler);
  const absl::Status written =
      WriteBody(path, (*journal)->size_bytes(), [&](std::string_view bytes) { return reader.Feed(bytes); });
  EXPECT_TRUE(written.ok()) << written;
  EXPECT_EQ(runs, kRuns);
}

TEST_F(ManifestBuilderTest, AJournalThatHasBecomeShorterMakesNoBody) {
  std::filesystem::resize_file(path(), size_bytes_ / 2);
  EXPECT_TRUE(absl::IsDataLoss(Write())) << Write();
}

TEST_F(ManifestBuilderTest, AJournalThatIsZerosFromSomewhereMakesNoBody) {
  std::filesystem::resize_file(path(), size_bytes_ / 2);
  std::filesystem::resize_file(path(), size_bytes_);
  EXPECT_TRUE(absl::IsDataLoss(Write())) << Write();
}

}  // namespace
}  // namespace hozen
