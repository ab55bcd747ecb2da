#include "agent/run/disk_taker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/run/testing_acquisition.h"
#include "core/base/concat.h"
#include "core/base/file.h"

namespace hozen {
namespace {

constexpr uint64_t kKiB = 1 << 10;

// Says what it was told, in zones of so many bytes.
class FakeGuide : public DiskGuide {
 public:
  FakeGuide(std::vector<FileRun> runs, std::vector<ByteRange> left_out, uint64_t zone_bytes)
      : runs_(std::move(runs)), left_out_(std::move(left_out)), zone_bytes_(zone_bytes) {}

  DiskZone Look(uint64_t from_bytes) override {
    return {.end_bytes = (from_bytes / zone_bytes_ + 1) * zone_bytes_, .runs = runs_, .left_out = left_out_};
  }
  std::vector<FileRun> Valuable() override {
    std::vector<FileRun> runs;
    std::copy_if(runs_.begin(), runs_.end(), std::back_inserter(runs),
                 [](const FileRun& run) { return run.rank != 0; });
    std::sort(runs.begin(), runs.end(),
              [](const FileRun& a, const FileRun& b) { return a.offset_bytes < b.offset_bytes; });
    return runs;
  }

 private:
  const std::vector<FileRun> runs_;
  const std::vector<ByteRange> left_out_;
  const uint64_t zone_bytes_;
};

class DiskTakerTest : public AcquisitionTestBase {
 protected:
  void SetUp() override {
    plan_.clear_targets();
    plan_.add_targets()->mutable_disk()->set_path("/dev/disk");
    collect_ = [this](const v1::Target&, const AcquireOptions&, ItemSink& sink) -> absl::StatusOr<v1::TargetOutcome> {
      v1::Item item;
      item.set_kind(v1::Item::KIND_DISK);
      item.set_path("/dev/disk");
      item.mutable_file()->set_size_bytes(disk_.size());
      item.mutable_disk()->set_order(order_);
      item.mutable_disk()->set_sector_size_bytes(512);
      FaultySource source(disk_, bad_, disk_.size());
      source.on_read = [this](uint64_t offset_bytes) {
        read_offsets_.push_back(offset_bytes);
        if (on_read_) on_read_(offset_bytes);
      };
      FakeGuide guide(runs_, left_out_, zone_bytes_);
      if (absl::Status status = sink.TakeDisk(item, source, guide); !status.ok()) return status;
      return v1::TargetOutcome();
    };
  }

  v1::Item TakenDisk(const std::string& id = "id") {
    read_offsets_.clear();
    EXPECT_EQ(Make(id)->Run().end, Acquisition::End::kCommitted);
    const Evidence evidence = Committed();
    if (evidence.items.size() != 1) {
      ADD_FAILURE() << evidence.items.size() << " items";
      return {};
    }
    manifest_ = evidence.manifest;
    return evidence.items[0];
  }

  static std::set<std::string> ChunksOf(const v1::Item& item) {
    std::set<std::string> chunks;
    for (const v1::Extent& extent : item.extents()) {
      if (extent.kind() == v1::Extent::KIND_CHUNK) chunks.insert(extent.chunk_sha256());
    }
    return chunks;
  }

  static uint64_t BytesOf(const v1::Item& item, v1::Extent::Kind kind) {
    uint64_t bytes = 0;
    for (const v1::Extent& extent : item.extents()) bytes += extent.kind() == kind ? extent.size_bytes() : 0;
    return bytes;
  }

  // Writes a file onto the disk in pieces of the given sizes at the given places, and tells the guide of it.
  void Place(const std::string& file, const std::vector<ByteRange>& places, uint8_t rank = 0) {
    uint64_t at = 0;
    const uint32_t group = places.size() > 1 ? ++group_ : 0;
    for (const ByteRange& place : places) {
      disk_.replace(place.offset_bytes, place.size_bytes, file, at, place.size_bytes);
      runs_.push_back({.offset_bytes = place.offset_bytes,
                       .size_bytes = place.size_bytes,
                       .file_offset_bytes = at,
                       .group = group,
                       .rank = rank});
      at += place.size_bytes;
    }
    ASSERT_EQ(at, file.size());
  }

  std::string disk_ = Noise(12 * kMiB + 512, 1);
  std::vector<std::pair<uint64_t, uint64_t>> bad_;
  std::vector<FileRun> runs_;
  std::vector<ByteRange> left_out_;
  uint64_t zone_bytes_ = uint64_t{1} << 40;
  std::string order_ = "linear";
  std::function<void(uint64_t)> on_read_;
  std::vector<uint64_t> read_offsets_;
  v1::Manifest manifest_;
  uint32_t group_ = 0;
};

TEST_F(DiskTakerTest, TheMapPutsEveryByteBackWhereItWas) {
  Place(Noise(700 * kKiB, 2), {{5 * kMiB, 300 * kKiB}, {2 * kMiB, 400 * kKiB}});
  Place(Noise(3 * kMiB, 3), {{7 * kMiB + 4096, 3 * kMiB}});
  disk_.replace(kMiB, kMiB, kMiB, '\0');
  for (const uint64_t zone : {uint64_t{1} << 40, 3 * kMiB}) {
    zone_bytes_ = zone;
    const v1::Item item = TakenDisk(Concat("zone-", zone));
    EXPECT_EQ(item.state(), v1::Item::STATE_COMPLETE);
    EXPECT_EQ(item.sha256(), Sha256::Of(disk_).bytes());
    EXPECT_EQ(item.zero_bytes(), kMiB);
    EXPECT_TRUE(store_.Read(item.extents()) == disk_);
    ASSERT_GT(item.read_times_size(), 0);
    EXPECT_EQ(item.read_times(0).offset_bytes(), 0u);
    EXPECT_GT(item.read_times(0).unix_ms(), 0);
  }
}

TEST_F(DiskTakerTest, TheSameFilesElsewhereAreTheSameChunks) {
  const std::string small = Noise(12 * kKiB, 5);
  const std::string fragmented = Noise(600 * kKiB, 6);
  const std::string large = Noise(2 * kMiB + 4096, 7);
  Place(small, {{kMiB + 4096, small.size()}});
  Place(fragmented, {{3 * kMiB, 100 * kKiB}, {4 * kMiB, 500 * kKiB}});
  Place(large, {{6 * kMiB + 512, large.size()}});
  const std::set<std::string> first = ChunksOf(TakenDisk("first"));
  disk_ = Noise(12 * kMiB, 8);
  runs_.clear();
  Place(large, {{kMiB, large.size()}});
  Place(fragmented, {{9 * kMiB, 600 * kKiB}});
  Place(small, {{11 * kMiB, small.size()}});
  const std::set<std::string> second = ChunksOf(TakenDisk("second"));
  std::vector<std::string> shared;
  std::set_intersection(first.begin(), first.end(), second.begin(), second.end(), std::back_inserter(shared));
  EXPECT_EQ(shared.size(), 5u) << "one small, one of two pieces, three of the large one";
}

TEST_F(DiskTakerTest, WhatIsWorthMostIsReadFirstAndSentOnce) {
  order_ = "value";
  Place(Noise(64 * kKiB, 2), {{9 * kMiB, 64 * kKiB}}, 2);
  Place(Noise(32 * kKiB, 3), {{10 * kMiB, 16 * kKiB}, {4 * kMiB, 16 * kKiB}}, 1);
  const v1::Item item = TakenDisk();
  EXPECT_EQ(item.sha256(), Sha256::Of(disk_).bytes());
  ASSERT_GE(read_offsets_.size(), 4u);
  EXPECT_EQ(read_offsets_[0], 10 * kMiB);
  EXPECT_EQ(read_offsets_[1], 4 * kMiB);
  EXPECT_EQ(read_offsets_[2], 9 * kMiB);
  EXPECT_EQ(read_offsets_[3], 0u);
  absl::MutexLock lock(&store_.mutex);
  EXPECT_TRUE(store_.chunks.contains(Sha256::Of(Noise(32 * kKiB, 3))));
  EXPECT_EQ(ChunksOf(item).size() + 1, store_.chunks.size()) << "every chunk is the map's, and one the body's";
}

TEST_F(DiskTakerTest, AnImageThatIsBrokenOffHoldsWhatIsWorthMost) {
  order_ = "value";
  Place(Noise(64 * kKiB, 2), {{9 * kMiB, 64 * kKiB}}, 2);
  plan_.mutable_limits()->set_total_bytes(3 * kMiB);
  const v1::Item item = TakenDisk();
  EXPECT_EQ(item.state(), v1::Item::STATE_PARTIAL);
  EXPECT_EQ(item.failure().cause(), v1::CAUSE_LIMIT_TOTAL_BYTES);
  EXPECT_EQ(manifest_.ended_by().cause(), v1::CAUSE_LIMIT_TOTAL_BYTES);
  EXPECT_EQ(item.size_bytes(), disk_.size());
  EXPECT_EQ(BytesOf(item, v1::Extent::KIND_CHUNK), 3 * kMiB);
  EXPECT_EQ(item.not_acquired_bytes(), disk_.size() - 3 * kMiB);
  const std::string bytes = store_.Read(item.extents());
  EXPECT_TRUE(bytes.substr(9 * kMiB, 64 * kKiB) == Noise(64 * kKiB, 2));
  EXPECT_TRUE(bytes.substr(0, 3 * kMiB - 64 * kKiB) == disk_.substr(0, 3 * kMiB - 64 * kKiB));
}

TEST_F(DiskTakerTest, ACancelledImageHoldsWhatIsWorthMost) {
  order_ = "value";
  Place(Noise(64 * kKiB, 2), {{9 * kMiB, 64 * kKiB}}, 2);
  const std::unique_ptr<Acquisition> acquisition = Make();
  on_read_ = [&](uint64_t offset_bytes) {
    if (offset_bytes == 2 * kMiB) acquisition->Cancel();
  };
  ASSERT_EQ(acquisition->Run().end, Acquisition::End::kCommitted);
  const Evidence evidence = Committed();
  const v1::Item& item = evidence.items.at(0);
  EXPECT_EQ(item.state(), v1::Item::STATE_PARTIAL);
  EXPECT_EQ(item.failure().cause(), v1::CAUSE_CANCELLED);
  EXPECT_EQ(item.size_bytes(), disk_.size());
  EXPECT_TRUE(store_.Read(item.extents()).substr(9 * kMiB, 64 * kKiB) == Noise(64 * kKiB, 2));
  EXPECT_GT(item.not_acquired_bytes(), 6 * kMiB);
}

TEST_F(DiskTakerTest, FrontToBackEndsAtTheLimit) {
  plan_.mutable_limits()->set_total_bytes(3 * kMiB);
  const v1::Item item = TakenDisk();
  EXPECT_EQ(item.state(), v1::Item::STATE_PARTIAL);
  EXPECT_EQ(item.size_bytes(), 3 * kMiB);
  EXPECT_EQ(item.not_acquired_bytes(), 0u);
}

TEST_F(DiskTakerTest, BadSectorsAreNamedToTheSectorAndTheRestOfTheirChunkIsTaken) {
  Place(Noise(300 * kKiB, 2), {{2 * kMiB, 300 * kKiB}});
  Place(Noise(200 * kKiB, 3), {{5 * kMiB, 100 * kKiB}, {6 * kMiB, 100 * kKiB}});
  bad_ = {{0, 512}, {2 * kMiB + 1536, 512}, {5 * kMiB + 4096, 1024}, {disk_.size() - 512, 512}};
  const v1::Item item = TakenDisk();
  EXPECT_EQ(item.state(), v1::Item::STATE_PARTIAL);
  EXPECT_EQ(item.unreadable_bytes(), 512u * 5);
  std::string expected = disk_;
  for (const auto& [from, size] : bad_) expected.replace(from, size, size, '\0');
  EXPECT_TRUE(store_.Read(item.extents()) == expected);
  EXPECT_EQ(item.sha256(), Sha256::Of(expected).bytes());
  uint64_t at = 0;
  std::vector<std::pair<uint64_t, uint64_t>> unreadable;
  for (const v1::Extent& extent : item.extents()) {
    if (extent.kind() == v1::Extent::KIND_UNREADABLE) unreadable.emplace_back(at, extent.size_bytes());
    at += extent.size_bytes();
  }
  EXPECT_EQ(unreadable, bad_);
}

TEST_F(DiskTakerTest, WhatThePlanLeavesOutIsNotAcquiredAndNothingFailed) {
  Place(Noise(64 * kKiB, 2), {{3 * kMiB, 64 * kKiB}});
  left_out_ = {{2 * kMiB, 4 * kMiB}};
  const v1::Item item = TakenDisk();
  EXPECT_EQ(item.state(), v1::Item::STATE_COMPLETE);
  EXPECT_TRUE(manifest_.complete());
  EXPECT_EQ(item.not_acquired_bytes(), 4 * kMiB - 64 * kKiB);
  std::string expected = disk_;
  expected.replace(2 * kMiB, kMiB, kMiB, '\0');
  expected.replace(3 * kMiB + 64 * kKiB, 3 * kMiB - 64 * kKiB, 3 * kMiB - 64 * kKiB, '\0');
  EXPECT_TRUE(store_.Read(item.extents()) == expected);
  for (const uint64_t offset : read_offsets_) EXPECT_FALSE(offset >= 2 * kMiB && offset < 3 * kMiB);
}

// Kills the agent after each record of the journal and starts it again.
TEST_F(DiskTakerTest, AKillAtAnyRecordOfTheJournalGivesTheSameImage) {
  for (const char* order : {"linear", "value"}) {
    order_ = order;
    runs_.clear();
    for (uint64_t i = 0; i < 40; ++i) {
      const std::string file = Noise((i % 5 + 1) * 20 * kKiB, 100 + static_cast<int>(i));
      const uint64_t at = (i * 7 % 40) * 256 * kKiB + 8192;
      const uint64_t half = file.size() / 2;
      Place(file, {{at, half}, {at + half + 4096, file.size() - half}}, static_cast<uint8_t>(i % 3));
    }
    std::string journal;
    store_.on_commit = [&] {
      if (!journal.empty()) return;
      absl::StatusOr<std::string> bytes =
          ReadWholeFile(AcquisitionFolder(state_, Concat(order, "-whole")).journal(), 1 << 30);
      ASSERT_TRUE(bytes.ok());
      journal = *std::move(bytes);
    };
    const v1::Item whole = TakenDisk(Concat(order, "-whole"));
    ASSERT_TRUE(store_.Read(whole.extents()) == disk_);
    std::vector<uint64_t> cuts;
    RecordReader reader([&](uint64_t offset_bytes, std::string_view) {
      cuts.push_back(offset_bytes);
      return absl::OkStatus();
    });
    ASSERT_TRUE(reader.Feed(journal).ok());
    ASSERT_GT(cuts.size(), 4u);
    for (const uint64_t cut : cuts) {
      const std::string id = Concat(order, "-cut-", cut);
      ASSERT_TRUE(AcquisitionFolder(state_, id).Accept(v1::AcceptedPlan()).ok());
      std::ofstream(AcquisitionFolder(state_, id).journal(), std::ios::binary) << journal.substr(0, cut);
      const v1::Item again = TakenDisk(id);
      EXPECT_EQ(again.sha256(), whole.sha256()) << id;
      ASSERT_EQ(again.extents_size(), whole.extents_size()) << id;
      for (int i = 0; i < again.extents_size(); ++i) {
        EXPECT_EQ(again.extents(i).SerializeAsString(), whole.extents(i).SerializeAsString()) << id;
      }
    }
  }
}

}  // namespace
}  // namespace hozen
