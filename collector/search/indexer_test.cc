#include "collector/search/indexer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "collector/export/testing_evidence.h"
#include "collector/search/index_worker.h"
#include "core/base/concat.h"

namespace hozen {
namespace {

using Strings = std::vector<std::string>;

absl::Status GoOn() { return absl::OkStatus(); }

class IndexerTest : public ::testing::Test {
 protected:
  IndexerTest() : indexes_(made_.folder() / "customers") {
    for (int i = 0; i < 10; ++i) made_.AddFile(Concat("/etc/file", i), Concat("content ", i));
    v1::Item listing;
    listing.set_kind(v1::Item::KIND_LISTING);
    listing.set_path("/dev/sda/partition-1.bodyfile");
    std::string text;
    for (int i = 0; i < 50; ++i) text += Concat("0|/on/disk", i, "|", i, "|r/rrw-r--r--|0|0|5|1|2|3|4\n");
    // Pieces end in the middle of lines.
    listing_ =
        made_.AddStream(listing, {made_.Chunk(text.substr(0, 333)), listing_chunk_ = made_.Chunk(text.substr(333))});
    made_.AddFile("/etc/last", "last");
    made_.Commit();
  }
  Strings Found() {
    Strings paths;
    EXPECT_TRUE(indexes_.Get(customer())
                    .value()
                    ->Find(
                        {},
                        [&](const SearchHit& hit) {
                          EXPECT_TRUE(!hit.entry.in_listing || hit.entry.item_index == listing_);
                          paths.push_back(hit.entry.path);
                          return absl::OkStatus();
                        },
                        GoOn)
                    .ok());
    std::sort(paths.begin(), paths.end());
    return paths;
  }
  const std::string& customer() { return made_.vault().customer_id(); }

  TestingEvidence made_;
  SearchIndexes indexes_;
  uint64_t listing_ = 0;
  v1::Extent listing_chunk_;
};

TEST_F(IndexerTest, TakesItemsAndTheFilesOfListings) {
  Indexer indexer(made_.customers(), made_.catalog(), indexes_);
  EXPECT_EQ(indexer.Pending(customer()).value(), Strings{made_.acquisition_id()});
  ASSERT_TRUE(indexer.Index(customer(), made_.acquisition_id(), GoOn).ok());
  EXPECT_EQ(indexer.Pending(customer()).value(), Strings{});
  EXPECT_EQ(Found().size(), 62u);
  ASSERT_TRUE(indexer.Index(customer(), made_.acquisition_id(), GoOn).ok());
  EXPECT_EQ(Found().size(), 62u) << "a second time is none";
}

// A kill between any two batches: it goes on, and the result is the same.
TEST_F(IndexerTest, GoesOnWhereItWasStopped) {
  int rounds = 0;
  while (true) {
    // Everything is opened anew, as after a crash.
    SearchIndexes indexes(made_.folder() / "customers");
    Indexer indexer(made_.customers(), made_.catalog(), indexes, /*entries_per_batch=*/3);
    int batches = 0;
    const absl::Status status = indexer.Index(customer(), made_.acquisition_id(), [&] {
      return ++batches > 1 ? absl::CancelledError("killed") : absl::OkStatus();
    });
    ++rounds;
    if (status.ok()) break;
    ASSERT_TRUE(absl::IsCancelled(status)) << status;
    ASSERT_LT(rounds, 100);
  }
  EXPECT_GT(rounds, 15);
  const Strings found = Found();
  EXPECT_EQ(found.size(), 62u);
  EXPECT_EQ(std::adjacent_find(found.begin(), found.end()), found.end()) << "nothing is there twice";
}

TEST_F(IndexerTest, ADamagedListingIsAnErrorAndStaysPending) {
  made_.Damage(*Digest::FromBytes(listing_chunk_.chunk_sha256()));
  Indexer indexer(made_.customers(), made_.catalog(), indexes_);
  EXPECT_TRUE(absl::IsDataLoss(indexer.Index(customer(), made_.acquisition_id(), GoOn)));
  EXPECT_EQ(indexer.Pending(customer()).value().size(), 1u);
  EXPECT_EQ(Found(), Strings{}) << "half of it is not given out as if it were all";
}

TEST_F(IndexerTest, TheWorkerTakesUpWhatWasMissedAndWhatIsNew) {
  Indexer indexer(made_.customers(), made_.catalog(), indexes_);
  IndexWorker worker(indexer, made_.catalog());
  ASSERT_TRUE(worker.WaitUntilIdle(absl::Seconds(30)));
  EXPECT_EQ(Found().size(), 62u);
  worker.Notify(customer());
  ASSERT_TRUE(worker.WaitUntilIdle(absl::Seconds(30)));
  worker.Notify("no such customer");
  ASSERT_TRUE(worker.WaitUntilIdle(absl::Seconds(30)));
  EXPECT_EQ(Found().size(), 62u);
}

// However long others commit, the index is built.
TEST_F(IndexerTest, TheWorkerGoesOnWhileACommitIsUnderWay) {
  AcquisitionRow row = made_.catalog().GetAcquisition(customer(), made_.acquisition_id()).value();
  row.acquisition.set_acquisition_id("another");
  ASSERT_TRUE(made_.catalog().AddAcquisitions(customer(), {row}).ok());
  const auto commit = made_.catalog().BeginCommit(customer(), "another").value();
  Indexer indexer(made_.customers(), made_.catalog(), indexes_, /*entries_per_batch=*/5);
  IndexWorker worker(indexer, made_.catalog());
  ASSERT_TRUE(worker.WaitUntilIdle(absl::Seconds(30)));
  EXPECT_EQ(made_.catalog().Commits().under_way, 1u);
  EXPECT_EQ(Found().size(), 62u);
}

}  // namespace
}  // namespace hozen
