#include "agent/run/acquisition.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "agent/run/journal.h"
#include "agent/run/testing_acquisition.h"
#include "core/base/concat.h"
#include "core/base/fake_clock.h"
#include "core/base/file.h"
#include "core/base/status_context.h"
#include "core/bytes/source.h"
#include "core/evidence/body.h"
#include "core/evidence/trust.h"

namespace hozen {
namespace {

class AcquisitionTest : public AcquisitionTestBase {
 protected:
  // Something of everything: a folder, small files, an empty one, zeros, a long file with zeros in it, a disk with bad
  // sectors. What was taken already is left alone, as the real sources do.
  void CollectMuch() {
    auto small = std::make_shared<std::vector<std::string>>();
    for (int i = 0; i < 12; ++i) small->push_back(Noise(1000 * i, i));
    auto large = std::make_shared<std::string>(Noise(3 * kMiB, 100) + std::string(5 * kMiB, '\0') +
                                               Noise(2 * kMiB + 12345, 101));
    auto disk = std::make_shared<std::string>(Noise(4 * kMiB + 512, 102));
    collect_ = [=](const v1::Target& target, const AcquireOptions& options,
                   ItemSink& sink) -> absl::StatusOr<v1::TargetOutcome> {
      const std::string root = target.file().pattern();
      const auto wanted = [&](const v1::Item& item) { return !sink.AlreadyTaken(options.target_index, item.path()); };
      v1::Item folder;
      folder.set_kind(v1::Item::KIND_DIRECTORY);
      folder.set_state(v1::Item::STATE_COMPLETE);
      folder.set_path(root);
      if (wanted(folder)) {
        if (absl::Status status = sink.Record(folder); !status.ok()) return status;
      }
      for (size_t i = 0; i < small->size(); ++i) {
        const v1::Item item = FileItem(Concat(root, "/small-", i), (*small)[i].size(), i + 1);
        const std::unique_ptr<Source> source = NewMemorySource((*small)[i]);
        if (!wanted(item)) continue;
        if (absl::Status status = sink.Take(item, *source, true); !status.ok()) return status;
      }
      const v1::Item large_item = FileItem(root + "/large", large->size(), 50);
      if (wanted(large_item)) {
        const std::unique_ptr<Source> source = NewMemorySource(*large);
        if (absl::Status status = sink.Take(large_item, *source, true); !status.ok()) return status;
      }
      v1::Item disk_item = FileItem(root + "/disk", disk->size(), 60);
      disk_item.set_kind(v1::Item::KIND_DISK);
      if (wanted(disk_item)) {
        FaultySource source(*disk, {{kMiB + 8192, 512}, {3 * kMiB, 100}}, disk->size());
        if (absl::Status status = sink.Take(disk_item, source, false); !status.ok()) return status;
      }
      return v1::TargetOutcome();
    };
  }

  // An acquisition that is stopped when so many chunks came, all of which are acknowledged.
  void StopAfter(uint64_t acknowledged, const std::string& id) {
    {
      absl::MutexLock lock(&store_.mutex);
      store_.acknowledge_at_most = acknowledged;
      store_.puts = 0;
    }
    const std::unique_ptr<Acquisition> first = Make(id);
    std::thread stopper([&] {
      const absl::Time patience = absl::Now() + absl::Seconds(30);
      absl::MutexLock lock(&store_.mutex);
      store_.mutex.AwaitWithDeadline(
          absl::Condition(
              +[](FakeStore* store) { return store->puts >= store->acknowledge_at_most; }, &store_),
          patience);
      store_.mutex.Unlock();
      first->Stop();
      store_.mutex.Lock();
    });
    ASSERT_EQ(first->Run().end, Acquisition::End::kStopped) << acknowledged;
    stopper.join();
    absl::MutexLock lock(&store_.mutex);
    store_.acknowledge_at_most = 1'000'000;
  }
};

TEST_F(AcquisitionTest, TakesItemsOfAllKindsAndCommitsTheirManifest) {
  AddTarget("/second/**");
  CollectMuch();
  ASSERT_EQ(Make()->Run().end, Acquisition::End::kCommitted);
  const Evidence evidence = Committed();
  ASSERT_EQ(evidence.items.size(), 2u * 15);
  EXPECT_EQ(evidence.items[0].path(), "/first/**");
  EXPECT_EQ(evidence.items[15].path(), "/second/**");
  for (size_t i = 0; i < evidence.items.size(); ++i) EXPECT_EQ(evidence.items[i].index(), i);
  EXPECT_EQ(Find(evidence, "/first/**/small-7").sha256(), Sha256::Of(Noise(7000, 7)).bytes());
  EXPECT_EQ(Find(evidence, "/first/**/small-0").sha256(), Sha256::Of("").bytes());
  const v1::Item& large = Find(evidence, "/second/**/large");
  EXPECT_EQ(large.zero_bytes(), 5 * kMiB);
  EXPECT_EQ(large.state(), v1::Item::STATE_COMPLETE);
  ASSERT_EQ(evidence.outcomes.size(), 2u);
  EXPECT_EQ(evidence.outcomes[1].matched_items(), 15u);
  EXPECT_EQ(evidence.outcomes[1].pattern(), "/second/**");
  EXPECT_EQ(evidence.manifest.failed_items(), 2u);  // the disks
  EXPECT_FALSE(evidence.manifest.complete());
  EXPECT_EQ(evidence.manifest.resumed(), 0u);
  EXPECT_EQ(AcquisitionFolder(state_, "id").state(), AcquisitionFolder::State::kCommitted);
  EXPECT_FALSE(std::filesystem::exists(AcquisitionFolder(state_, "id").journal()));
}

TEST_F(AcquisitionTest, BadSectorsAreRunsOfTheMapAndHashedAsZeros) {
  CollectMuch();
  ASSERT_EQ(Make()->Run().end, Acquisition::End::kCommitted);
  const v1::Item disk = Find(Committed(), "/first/**/disk");
  EXPECT_EQ(disk.state(), v1::Item::STATE_PARTIAL);
  EXPECT_EQ(disk.failure().cause(), v1::CAUSE_IO_ERROR);
  EXPECT_EQ(disk.failure().system_error(), EIO);
  EXPECT_EQ(disk.unreadable_bytes(), 2u * 4096);
  std::string expected = Noise(4 * kMiB + 512, 102);
  expected.replace(kMiB + 8192, 4096, 4096, '\0');
  expected.replace(3 * kMiB, 4096, 4096, '\0');
  EXPECT_EQ(disk.sha256(), Sha256::Of(expected).bytes());
}

TEST_F(AcquisitionTest, WhatIsMadeAnewIsCutWhereItsBytesSaySoThatAChangeCostsLittle) {
  const std::string before = Noise(2 * kMiB, 5);
  std::string after = before;
  after.insert(kMiB, "a line that is new\n");
  collect_ = [&](const v1::Target&, const AcquireOptions&, ItemSink& sink) -> absl::StatusOr<v1::TargetOutcome> {
    for (const bool first : {true, false}) {
      v1::Item item;
      item.set_kind(v1::Item::KIND_LISTING);
      item.set_path(first ? "before" : "after");
      const std::unique_ptr<Source> source = NewMemorySource(first ? before : after);
      if (absl::Status status = sink.Take(item, *source, true); !status.ok()) return status;
    }
    return v1::TargetOutcome();
  };
  ASSERT_EQ(Make()->Run().end, Acquisition::End::kCommitted);
  const Evidence evidence = Committed();
  const v1::Item& first = Find(evidence, "before");
  const v1::Item& second = Find(evidence, "after");
  EXPECT_EQ(first.sha256(), Sha256::Of(before).bytes());
  EXPECT_EQ(second.sha256(), Sha256::Of(after).bytes());
  EXPECT_EQ(second.state(), v1::Item::STATE_COMPLETE);
  std::set<std::string> known;
  for (const v1::Extent& extent : first.extents()) known.insert(extent.chunk_sha256());
  uint64_t unknown_bytes = 0;
  for (const v1::Extent& extent : second.extents()) {
    if (known.count(extent.chunk_sha256()) == 0) unknown_bytes += extent.size_bytes();
  }
  EXPECT_GT(unknown_bytes, 0u);
  EXPECT_LT(unknown_bytes, 2u * (128 << 10));
}

TEST_F(AcquisitionTest, ADiskThatEndsTooSoonIsUnreadableFromThere) {
  collect_ = [](const v1::Target&, const AcquireOptions&, ItemSink& sink) -> absl::StatusOr<v1::TargetOutcome> {
    FaultySource source(Noise(100'000, 1), {}, 3 * kMiB);
    v1::Item item = FileItem("/dev/x", 3 * kMiB, 1);
    item.set_kind(v1::Item::KIND_DISK);
    if (absl::Status status = sink.Take(item, source, false); !status.ok()) return status;
    return v1::TargetOutcome();
  };
  ASSERT_EQ(Make()->Run().end, Acquisition::End::kCommitted);
  const v1::Item disk = Find(Committed(), "/dev/x");
  EXPECT_EQ(disk.size_bytes(), 3 * kMiB);
  EXPECT_EQ(disk.unreadable_bytes(), 3 * kMiB - 100'000);
  EXPECT_EQ(disk.state(), v1::Item::STATE_PARTIAL);
}

TEST_F(AcquisitionTest, AFileThatEndsTooSoonHasChangedWhileItWasRead) {
  CollectOne(FileItem("/f", 5000, 1), Noise(3000, 1));
  ASSERT_EQ(Make()->Run().end, Acquisition::End::kCommitted);
  const v1::Item file = Find(Committed(), "/f");
  EXPECT_EQ(file.failure().cause(), v1::CAUSE_CHANGED_WHILE_READ);
  EXPECT_EQ(file.state(), v1::Item::STATE_PARTIAL);
  EXPECT_EQ(file.size_bytes(), 3000u);
}

TEST_F(AcquisitionTest, AFileOfUnknownSizeIsReadToItsEnd) {
  CollectOne(FileItem("/proc/x", 0, 1), Noise(200'000, 1));
  ASSERT_EQ(Make()->Run().end, Acquisition::End::kCommitted);
  const Evidence evidence = Committed();
  EXPECT_EQ(Find(evidence, "/proc/x").size_bytes(), 200'000u);
  EXPECT_TRUE(evidence.manifest.complete());
}

// Whose bytes change while they are read, or never end.
class LiveSource : public Source {
 public:
  explicit LiveSource(uint64_t size_bytes) : size_bytes_(size_bytes) {}
  absl::StatusOr<size_t> ReadAt(uint64_t offset_bytes, absl::Span<char> buffer) override {
    const size_t size = offset_bytes >= size_bytes_ ? 0 : std::min<uint64_t>(buffer.size(), size_bytes_ - offset_bytes);
    std::fill_n(buffer.data(), size, '\0');
    return size;
  }
  uint64_t size_bytes() const override { return size_bytes_; }
  bool WasWritten() override { return true; }

 private:
  const uint64_t size_bytes_;
};

TEST_F(AcquisitionTest, AFileThatIsWrittenWhileItIsReadIsNotCalledComplete) {
  collect_ = [](const v1::Target&, const AcquireOptions&, ItemSink& sink) -> absl::StatusOr<v1::TargetOutcome> {
    LiveSource source(5000);
    const absl::Status status = sink.Take(FileItem("/f", 5000, 1), source, true);
    if (!status.ok()) return status;
    return v1::TargetOutcome();
  };
  ASSERT_EQ(Make()->Run().end, Acquisition::End::kCommitted);
  const Evidence evidence = Committed();
  const v1::Item file = Find(evidence, "/f");
  EXPECT_EQ(file.state(), v1::Item::STATE_PARTIAL);
  EXPECT_EQ(file.failure().cause(), v1::CAUSE_CHANGED_WHILE_READ);
  EXPECT_EQ(file.size_bytes(), 5000u);
  EXPECT_FALSE(evidence.manifest.complete());
}

TEST_F(AcquisitionTest, AFileThatGrowsAsFastAsItIsReadIsCutOff) {
  collect_ = [](const v1::Target&, const AcquireOptions&, ItemSink& sink) -> absl::StatusOr<v1::TargetOutcome> {
    LiveSource source(uint64_t{1} << 60);
    absl::Status status = sink.Take(FileItem("/grows", 5000, 1), source, true);
    if (status.ok()) status = sink.Take(FileItem("/after", 0, 2), *NewMemorySource("x"), true);
    if (!status.ok()) return status;
    return v1::TargetOutcome();
  };
  ASSERT_EQ(Make()->Run().end, Acquisition::End::kCommitted);
  const Evidence evidence = Committed();
  const v1::Item file = Find(evidence, "/grows");
  EXPECT_EQ(file.state(), v1::Item::STATE_PARTIAL);
  EXPECT_EQ(file.failure().cause(), v1::CAUSE_CHANGED_WHILE_READ);
  EXPECT_LT(file.size_bytes(), 100 * kMiB);
  EXPECT_EQ(Find(evidence, "/after").state(), v1::Item::STATE_COMPLETE);
}

// A folder that was taken, and cannot be entered any more when the agent is started again: what lies in it is missing.
TEST_F(AcquisitionTest, AFolderThatFailsAfterARestartIsRecordedThoughItWasTaken) {
  v1::Item folder;
  folder.set_kind(v1::Item::KIND_DIRECTORY);
  folder.set_state(v1::Item::STATE_COMPLETE);
  folder.set_path("/folder");
  v1::Item failed = folder;
  failed.set_state(v1::Item::STATE_FAILED);
  failed.mutable_failure()->set_cause(v1::CAUSE_IO_ERROR);
  Acquisition* running = nullptr;
  int runs = 0;
  collect_ = [&](const v1::Target&, const AcquireOptions&, ItemSink& sink) -> absl::StatusOr<v1::TargetOutcome> {
    absl::Status status = sink.Record(folder);
    if (++runs == 1) {
      // Until it is in the journal.
      std::string journal;
      while (journal.find("/folder") == std::string::npos) {
        journal = ReadWholeFile(AcquisitionFolder(state_, "id").journal(), 1 << 30).value_or("");
      }
      running->Stop();
      return sink.Poll();
    }
    status = sink.Record(failed);
    if (!status.ok()) return status;
    return v1::TargetOutcome();
  };
  {
    const std::unique_ptr<Acquisition> first = Make();
    running = first.get();
    ASSERT_EQ(first->Run().end, Acquisition::End::kStopped);
  }
  ASSERT_EQ(Make()->Run().end, Acquisition::End::kCommitted);
  const Evidence evidence = Committed();
  ASSERT_GE(evidence.items.size(), 2u);
  EXPECT_EQ(evidence.items[0].state(), v1::Item::STATE_COMPLETE);
  EXPECT_EQ(evidence.items[1].path(), "/folder");
  EXPECT_EQ(evidence.items[1].failure().cause(), v1::CAUSE_IO_ERROR);
  EXPECT_FALSE(evidence.manifest.complete());
}

// Kills the agent after each record of the journal, and in the middle of each, and starts it again.
TEST_F(AcquisitionTest, AKillAtAnyRecordOfTheJournalGivesTheSameEvidence) {
  CollectMuch();
  std::string journal;
  store_.on_commit = [&] {
    if (!journal.empty()) return;
    absl::StatusOr<std::string> bytes = ReadWholeFile(AcquisitionFolder(state_, "id").journal(), 1 << 30);
    ASSERT_TRUE(bytes.ok());
    journal = *std::move(bytes);
  };
  ASSERT_EQ(Make()->Run().end, Acquisition::End::kCommitted);
  const Evidence whole = Committed();

  std::vector<uint64_t> cuts;
  RecordReader reader([&](uint64_t offset_bytes, std::string_view) {
    cuts.push_back(offset_bytes);
    cuts.push_back(offset_bytes + 2);
    return absl::OkStatus();
  });
  ASSERT_TRUE(reader.Feed(journal).ok());
  cuts.push_back(journal.size());
  ASSERT_GT(cuts.size(), 40u);
  for (const uint64_t cut : cuts) {
    const std::string id = Concat("cut-", cut);
    ASSERT_TRUE(AcquisitionFolder(state_, id).Accept(v1::AcceptedPlan()).ok());
    std::ofstream(AcquisitionFolder(state_, id).journal(), std::ios::binary) << journal.substr(0, cut);
    ASSERT_EQ(Make(id)->Run().end, Acquisition::End::kCommitted) << cut;
    const Evidence again = Committed();
    ASSERT_EQ(again.items.size(), whole.items.size()) << cut;
    for (size_t i = 0; i < again.items.size(); ++i) {
      EXPECT_EQ(again.items[i].path(), whole.items[i].path()) << cut;
      EXPECT_EQ(again.items[i].sha256(), whole.items[i].sha256()) << cut << " " << again.items[i].path();
      EXPECT_EQ(again.items[i].state(), whole.items[i].state()) << cut;
      EXPECT_EQ(again.items[i].zero_bytes(), whole.items[i].zero_bytes()) << cut;
      EXPECT_EQ(again.items[i].unreadable_bytes(), whole.items[i].unreadable_bytes()) << cut;
      ASSERT_EQ(again.items[i].extents_size(), whole.items[i].extents_size()) << cut << again.items[i].path();
      for (int e = 0; e < again.items[i].extents_size(); ++e) {
        EXPECT_EQ(again.items[i].extents(e).SerializeAsString(), whole.items[i].extents(e).SerializeAsString()) << cut;
      }
    }
    ASSERT_EQ(again.outcomes.size(), 1u) << cut;
    EXPECT_EQ(again.outcomes[0].matched_items(), 15u) << cut;
    EXPECT_EQ(again.manifest.failed_items(), 1u) << cut;
    EXPECT_EQ(again.manifest.stream_bytes(), whole.manifest.stream_bytes()) << cut;
  }
}

// The link dies after so many acknowledgements, the agent is stopped, and starts again with a link that works.
TEST_F(AcquisitionTest, AStopGoesOnWhereItWasAcknowledged) {
  CollectMuch();
  for (const uint64_t acknowledged : {0, 1, 5, 9, 13, 16, 19, 21}) {
    const std::string id = Concat("after-", acknowledged);
    StopAfter(acknowledged, id);
    ASSERT_EQ(Make(id)->Run().end, Acquisition::End::kCommitted);
    const Evidence evidence = Committed();
    EXPECT_EQ(evidence.items.size(), 15u);
    // A stop before the first acknowledgement may come before anything was begun.
    if (acknowledged > 0) {
      EXPECT_EQ(evidence.manifest.resumed(), 1u);
    }
  }
}

TEST_F(AcquisitionTest, AnotherFileOfTheSameNameStartsOver) {
  const std::string before = Noise(6 * kMiB, 1);
  const std::string after = Noise(6 * kMiB, 2);
  CollectOne(FileItem("/f", before.size(), 1), before);
  {
    absl::MutexLock lock(&store_.mutex);
    store_.acknowledge_at_most = 4;
  }
  const std::unique_ptr<Acquisition> first = Make();
  std::thread stopper([&] {
    absl::MutexLock lock(&store_.mutex);
    store_.mutex.Await(absl::Condition(
        +[](FakeStore* store) { return store->puts >= 4; }, &store_));
    store_.mutex.Unlock();
    first->Stop();
    store_.mutex.Lock();
  });
  ASSERT_EQ(first->Run().end, Acquisition::End::kStopped);
  stopper.join();
  {
    absl::MutexLock lock(&store_.mutex);
    store_.acknowledge_at_most = 1000;
  }
  CollectOne(FileItem("/f", after.size(), 2), after);
  ASSERT_EQ(Make()->Run().end, Acquisition::End::kCommitted);
  const Evidence evidence = Committed();
  ASSERT_EQ(evidence.items.size(), 1u);
  EXPECT_EQ(evidence.items[0].sha256(), Sha256::Of(after).bytes());
}

TEST_F(AcquisitionTest, AFileThatIsGoneAfterARestartKeepsWhatWasTaken) {
  const std::string bytes = Noise(6 * kMiB, 1);
  CollectOne(FileItem("/f", bytes.size(), 1), bytes);
  std::string journal;
  store_.on_commit = [&] { journal = *ReadWholeFile(AcquisitionFolder(state_, "id").journal(), 1 << 30); };
  ASSERT_EQ(Make()->Run().end, Acquisition::End::kCommitted);
  store_.on_commit = nullptr;
  // Up to the last checkpoint.
  uint64_t cut = 0;
  uint64_t offset = 0;
  ProgressSoFar progress;
  std::ofstream(state_ / "copy", std::ios::binary) << journal;
  bool after_checkpoint = false;
  ASSERT_TRUE(ReadJournal(state_ / "copy", 0, journal.size(), [&](uint64_t at, const v1::JournalRecord& record) {
                if (after_checkpoint) cut = at;
                after_checkpoint = record.has_stream();
                if (after_checkpoint) offset = record.stream().offset_bytes();
                return absl::OkStatus();
              }).ok());
  ASSERT_GT(cut, 0u);
  ASSERT_TRUE(AcquisitionFolder(state_, "gone").Accept(v1::AcceptedPlan()).ok());
  std::ofstream(AcquisitionFolder(state_, "gone").journal(), std::ios::binary) << journal.substr(0, cut);
  collect_ = [](const v1::Target&, const AcquireOptions&, ItemSink&) { return v1::TargetOutcome(); };
  ASSERT_EQ(Make("gone")->Run().end, Acquisition::End::kCommitted);
  const v1::Item file = Find(Committed(), "/f");
  EXPECT_EQ(file.failure().cause(), v1::CAUSE_VANISHED);
  EXPECT_EQ(file.state(), v1::Item::STATE_PARTIAL);
  EXPECT_EQ(file.size_bytes(), offset);
  EXPECT_EQ(file.sha256(), Sha256::Of(bytes.substr(0, offset)).bytes());
}

TEST_F(AcquisitionTest, AnOutcomeNamesTheWholeCommandThatWasNotRun) {
  v1::Target::Command& command = *plan_.add_targets()->mutable_command();
  command.set_command("/usr/bin/touch");
  command.add_arguments("-c");
  command.add_arguments("/x");
  options_.policy.set_refuse_commands(true);
  collect_ = [](const v1::Target&, const AcquireOptions&, ItemSink&) { return v1::TargetOutcome(); };
  ASSERT_EQ(Make()->Run().end, Acquisition::End::kCommitted);
  const Evidence evidence = Committed();
  ASSERT_EQ(evidence.outcomes.size(), 2u);
  EXPECT_FALSE(evidence.outcomes[0].has_failure());
  EXPECT_EQ(evidence.outcomes[1].pattern(), "/usr/bin/touch -c /x");
  EXPECT_EQ(evidence.outcomes[1].failure().cause(), v1::CAUSE_REFUSED_BY_POLICY);
  EXPECT_EQ(evidence.manifest.failed_targets(), 1u);
}

TEST_F(AcquisitionTest, TheFileLimitCutsLongFilesAndOnlyThose) {
  plan_.mutable_limits()->set_file_bytes(2 * kMiB);
  collect_ = [](const v1::Target&, const AcquireOptions&, ItemSink& sink) -> absl::StatusOr<v1::TargetOutcome> {
    for (const uint64_t size : {2 * kMiB, 2 * kMiB + 1}) {
      const std::unique_ptr<Source> source = NewMemorySource(Noise(size, 1));
      if (absl::Status status = sink.Take(FileItem(Concat("/", size), size, size), *source, true); !status.ok()) {
        return status;
      }
    }
    return v1::TargetOutcome();
  };
  ASSERT_EQ(Make()->Run().end, Acquisition::End::kCommitted);
  const Evidence evidence = Committed();
  EXPECT_EQ(Find(evidence, Concat("/", 2 * kMiB)).state(), v1::Item::STATE_COMPLETE);
  const v1::Item& cut = Find(evidence, Concat("/", 2 * kMiB + 1));
  EXPECT_EQ(cut.failure().cause(), v1::CAUSE_LIMIT_FILE_BYTES);
  EXPECT_EQ(cut.size_bytes(), 2 * kMiB);
  EXPECT_FALSE(evidence.manifest.has_ended_by());
}

TEST_F(AcquisitionTest, TheTotalLimitEndsTheAcquisitionInGoodOrder) {
  AddTarget("/second/**");
  plan_.mutable_limits()->set_total_bytes(100'000'000);
  options_.policy.set_total_bytes(2 * kMiB + 5);  // the host's own is tighter
  CollectOne(FileItem("/f", 5 * kMiB, 1), Noise(5 * kMiB, 1));
  ASSERT_EQ(Make()->Run().end, Acquisition::End::kCommitted);
  const Evidence evidence = Committed();
  ASSERT_EQ(evidence.items.size(), 1u);
  EXPECT_EQ(evidence.items[0].size_bytes(), 2 * kMiB + 5);
  EXPECT_EQ(evidence.items[0].failure().cause(), v1::CAUSE_LIMIT_TOTAL_BYTES);
  EXPECT_EQ(evidence.manifest.ended_by().cause(), v1::CAUSE_LIMIT_TOTAL_BYTES);
  EXPECT_FALSE(evidence.manifest.complete());
  ASSERT_EQ(evidence.outcomes.size(), 2u);
  EXPECT_EQ(evidence.outcomes[1].failure().cause(), v1::CAUSE_LIMIT_TOTAL_BYTES);
  EXPECT_EQ(evidence.manifest.failed_targets(), 2u);
}

TEST_F(AcquisitionTest, TheItemLimitIsKept) {
  plan_.mutable_limits()->set_items(3);
  CollectMuch();
  ASSERT_EQ(Make()->Run().end, Acquisition::End::kCommitted);
  const Evidence evidence = Committed();
  EXPECT_EQ(evidence.items.size(), 3u);
  EXPECT_EQ(evidence.manifest.ended_by().cause(), v1::CAUSE_LIMIT_ITEMS);
}

TEST_F(AcquisitionTest, TheDeadlineCutsAStreamAndWhatThereIsIsCommitted) {
  AddTarget("/second/**");
  collect_ = [this](const v1::Target&, const AcquireOptions&, ItemSink& sink) -> absl::StatusOr<v1::TargetOutcome> {
    FaultySource source(Noise(8 * kMiB, 1), {}, 8 * kMiB);
    source.on_read = [this](uint64_t offset_bytes) {
      if (offset_bytes >= 3 * kMiB) clock_.Advance(absl::Hours(2));
    };
    if (absl::Status status = sink.Take(FileItem("/f", 8 * kMiB, 1), source, true); !status.ok()) return status;
    return v1::TargetOutcome();
  };
  ASSERT_EQ(Make()->Run().end, Acquisition::End::kCommitted);
  const Evidence evidence = Committed();
  EXPECT_EQ(evidence.manifest.ended_by().cause(), v1::CAUSE_DEADLINE);
  const v1::Item& file = Find(evidence, "/f");
  EXPECT_EQ(file.failure().cause(), v1::CAUSE_DEADLINE);
  EXPECT_EQ(file.state(), v1::Item::STATE_PARTIAL);
  EXPECT_GE(file.size_bytes(), 3 * kMiB);
  EXPECT_LE(file.size_bytes(), 5 * kMiB);
  ASSERT_EQ(evidence.outcomes.size(), 2u);
  EXPECT_EQ(evidence.outcomes[1].failure().cause(), v1::CAUSE_DEADLINE);
}

TEST_F(AcquisitionTest, ACancellationCommitsWhatThereIs) {
  Acquisition* running = nullptr;
  collect_ = [&](const v1::Target&, const AcquireOptions&, ItemSink& sink) -> absl::StatusOr<v1::TargetOutcome> {
    const std::unique_ptr<Source> source = NewMemorySource(Noise(1000, 1));
    if (absl::Status status = sink.Take(FileItem("/a", 1000, 1), *source, true); !status.ok()) return status;
    running->Cancel();
    if (absl::Status status = sink.Take(FileItem("/b", 1000, 2), *source, true); !status.ok()) return status;
    return v1::TargetOutcome();
  };
  const std::unique_ptr<Acquisition> acquisition = Make();
  running = acquisition.get();
  ASSERT_EQ(acquisition->Run().end, Acquisition::End::kCommitted);
  const Evidence evidence = Committed();
  EXPECT_EQ(evidence.items.size(), 1u);
  EXPECT_EQ(evidence.manifest.ended_by().cause(), v1::CAUSE_CANCELLED);
}

// The link is dead and every buffer full: the deadline still ends the collecting.
TEST_F(AcquisitionTest, TheDeadlineIsNoticedWhileTheLinkIsDead) {
  {
    absl::MutexLock lock(&store_.mutex);
    store_.acknowledge_at_most = 1;
  }
  absl::Notification ended;
  collect_ = [&](const v1::Target&, const AcquireOptions&, ItemSink& sink) -> absl::StatusOr<v1::TargetOutcome> {
    const std::unique_ptr<Source> source = NewMemorySource(Noise(40 * kMiB, 1));
    const absl::Status status = sink.Take(FileItem("/f", 40 * kMiB, 1), *source, true);
    ended.Notify();
    return status;
  };
  const std::unique_ptr<Acquisition> acquisition = Make();
  std::thread runner([&] { EXPECT_EQ(acquisition->Run().end, Acquisition::End::kStopped); });
  {
    absl::MutexLock lock(&store_.mutex);
    store_.mutex.Await(absl::Condition(
        +[](FakeStore* store) { return store->puts >= 1; }, &store_));
  }
  EXPECT_FALSE(ended.HasBeenNotified());
  clock_.Advance(absl::Hours(2));
  EXPECT_TRUE(ended.WaitForNotificationWithTimeout(absl::Seconds(30)));
  acquisition->Stop();
  runner.join();
}

TEST_F(AcquisitionTest, ARefusedUploadWillNotBeTriedAgain) {
  CollectOne(FileItem("/f", 1000, 1), Noise(1000, 1));
  {
    absl::MutexLock lock(&store_.mutex);
    store_.refusal = absl::PermissionDeniedError("not yours");
  }
  const Acquisition::Result result = Make()->Run();
  EXPECT_EQ(result.end, Acquisition::End::kRefused);
  EXPECT_TRUE(absl::IsPermissionDenied(result.status));
}

TEST_F(AcquisitionTest, ACollectorThatLostTheBodyGetsItAgain) {
  CollectMuch();
  {
    absl::MutexLock lock(&store_.mutex);
    store_.commit_answers = {absl::NotFoundError("lacks a chunk")};
  }
  ASSERT_EQ(Make()->Run().end, Acquisition::End::kCommitted);
  EXPECT_EQ(Committed().items.size(), 15u);
}

TEST_F(AcquisitionTest, AKillBeforeTheReceiptCommitsTheSameManifest) {
  CollectMuch();
  {
    absl::MutexLock lock(&store_.mutex);
    store_.commit_answers = {absl::UnauthenticatedError("the link broke")};
  }
  ASSERT_EQ(Make()->Run().end, Acquisition::End::kRefused);
  const v1::Envelope before = **AcquisitionFolder(state_, "id").manifest();
  collect_ = [](const v1::Target&, const AcquireOptions&, ItemSink&) -> absl::StatusOr<v1::TargetOutcome> {
    ADD_FAILURE() << "nothing is collected twice";
    return v1::TargetOutcome();
  };
  ASSERT_EQ(Make()->Run().end, Acquisition::End::kCommitted);
  absl::MutexLock lock(&store_.mutex);
  EXPECT_EQ(store_.manifests.back().SerializeAsString(), before.SerializeAsString());
}

TEST_F(AcquisitionTest, LocalPolicyLeavesOutWhatItForbids) {
  plan_.add_targets()->mutable_disk()->set_path("/dev/sda");
  options_.policy.set_refuse_disks(true);
  CollectOne(FileItem("/f", 1000, 1), Noise(1000, 1));
  ASSERT_EQ(Make()->Run().end, Acquisition::End::kCommitted);
  const Evidence evidence = Committed();
  EXPECT_EQ(evidence.items.size(), 1u);
  ASSERT_EQ(evidence.outcomes.size(), 2u);
  EXPECT_EQ(evidence.outcomes[1].failure().cause(), v1::CAUSE_REFUSED_BY_POLICY);
  EXPECT_FALSE(evidence.manifest.complete());
}

TEST_F(AcquisitionTest, AMapTooLongForARecordIsSplit) {
  collect_ = [](const v1::Target&, const AcquireOptions&, ItemSink& sink) -> absl::StatusOr<v1::TargetOutcome> {
    // Every other sector is bad: two runs for each 8 KiB.
    std::vector<std::pair<uint64_t, uint64_t>> bad;
    for (uint64_t at = 0; at < 20 * kMiB; at += 8192) bad.emplace_back(at, 4096);
    FaultySource source(Noise(20 * kMiB, 1), std::move(bad), 20 * kMiB);
    v1::Item item = FileItem("/dev/x", 20 * kMiB, 1);
    item.set_kind(v1::Item::KIND_DISK);
    if (absl::Status status = sink.Take(item, source, false); !status.ok()) return status;
    return v1::TargetOutcome();
  };
  ASSERT_EQ(Make()->Run().end, Acquisition::End::kCommitted);
  const v1::Item disk = Find(Committed(), "/dev/x");
  EXPECT_EQ(disk.extents_size(), 20 * 256);
  EXPECT_GT(disk.extents_size(), kMaxExtentsPerRecord);
  EXPECT_EQ(disk.unreadable_bytes(), 10 * kMiB);
}

TEST_F(AcquisitionTest, AMapTooLongForARecordIsSplitWhereverItsPiecesEnd) {
  // Sectors that are bad two by two, none of which begins or ends where a chunk could: the map of a file with holes.
  const std::string bytes = Noise(40 * kMiB, 1);
  std::vector<std::pair<uint64_t, uint64_t>> bad;
  for (uint64_t at = 4096; at < bytes.size(); at += 16384) bad.emplace_back(at, 8192);
  // And a listing of more chunks than a record has room for.
  const std::string listing = Noise(100 * kMiB + 12345, 7);
  collect_ = [&](const v1::Target&, const AcquireOptions&, ItemSink& sink) -> absl::StatusOr<v1::TargetOutcome> {
    FaultySource source(bytes, bad, bytes.size());
    if (absl::Status status = sink.Take(FileItem("/f", bytes.size(), 1), source, false); !status.ok()) return status;
    v1::Item item;
    item.set_kind(v1::Item::KIND_LISTING);
    item.set_path("listing");
    if (absl::Status status = sink.Take(item, *NewMemorySource(listing), true); !status.ok()) return status;
    return v1::TargetOutcome();
  };
  // Stopped in the file, in the listing, and not at all.
  for (const uint64_t acknowledged : {2400, 6000, 1'000'000}) {
    const std::string id = Concat("after-", acknowledged);
    if (acknowledged < 1'000'000) StopAfter(acknowledged, id);
    ASSERT_EQ(Make(id)->Run().end, Acquisition::End::kCommitted) << acknowledged;
    const Evidence evidence = Committed();
    const v1::Item& file = Find(evidence, "/f");
    EXPECT_GT(file.extents_size(), kMaxExtentsPerRecord);
    EXPECT_EQ(file.unreadable_bytes(), 20 * kMiB);
    const v1::Item& made = Find(evidence, "listing");
    EXPECT_GT(made.extents_size(), kMaxExtentsPerRecord);
    EXPECT_EQ(made.sha256(), Sha256::Of(listing).bytes());
  }
}

TEST_F(AcquisitionTest, ReportsHowFarItIs) {
  CollectMuch();
  ASSERT_EQ(Make()->Run().end, Acquisition::End::kCommitted);
  absl::MutexLock lock(&mutex_);
  ASSERT_FALSE(reports_.empty());
  const v1::Progress& last = reports_.back().progress();
  EXPECT_EQ(last.acquisition_id(), "id");
  EXPECT_EQ(last.items(), 15u);
  EXPECT_EQ(last.failed_items(), 1u);
  EXPECT_GT(last.read_bytes(), 10 * kMiB);
}

}  // namespace
}  // namespace hozen
