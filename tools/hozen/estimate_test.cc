#include "tools/hozen/estimate.h"

#include <gtest/gtest.h>

namespace hozen {
namespace {

v1::Item File(const std::string& artifact, uint64_t inode, uint64_t size_bytes) {
  v1::Item item;
  item.set_kind(v1::Item::KIND_FILE);
  item.set_state(v1::Item::STATE_COMPLETE);
  item.set_artifact(artifact);
  item.mutable_file()->set_device(1);
  item.mutable_file()->set_inode(inode);
  item.mutable_file()->set_size_bytes(size_bytes);
  return item;
}

TEST(EstimateTest, AFileUnderTwoNamesIsSentOnce) {
  Estimate estimate({true}, 0);
  estimate.Add(File("A", 1, 100));
  estimate.Add(File("B", 1, 100));
  estimate.Add(File("B", 2, 30));
  EXPECT_EQ(estimate.total().files, 3u);
  EXPECT_EQ(estimate.total().bytes, 130u);
  EXPECT_EQ(estimate.by_artifact().at("A").bytes, 100u);
  EXPECT_EQ(estimate.by_artifact().at("B").bytes, 30u);
}

TEST(EstimateTest, LongFilesAreCutOffAndWhatFailedIsCounted) {
  Estimate estimate({true}, 50);
  estimate.Add(File("A", 1, 100));
  v1::Item failed = File("A", 2, 10);
  failed.set_state(v1::Item::STATE_FAILED);
  estimate.Add(failed);
  v1::Item folder = File("A", 3, 4096);
  folder.set_kind(v1::Item::KIND_DIRECTORY);
  estimate.Add(folder);
  EXPECT_EQ(estimate.total().files, 1u);
  EXPECT_EQ(estimate.total().bytes, 50u);
  EXPECT_EQ(estimate.total().failed, 1u);
}

TEST(EstimateTest, WhatIsOnlyListedHasNoBytes) {
  Estimate estimate({true, false}, 0);
  v1::Item listed = File("A", 1, 100);
  listed.set_target_index(1);
  estimate.Add(listed);
  EXPECT_EQ(estimate.total().files, 1u);
  EXPECT_EQ(estimate.total().bytes, 0u);
  estimate.Add(File("A", 1, 100));
  EXPECT_EQ(estimate.total().bytes, 100u);
}

TEST(EstimateTest, ThePlanAsksForNoContents) {
  v1::Plan order;
  order.set_reason("case");
  order.add_targets()->mutable_file()->set_pattern("/etc/*");
  order.mutable_targets(0)->set_artifact("A");
  order.add_targets()->mutable_command()->set_command("/bin/ps");
  order.add_targets()->mutable_path()->set_pattern("/tmp/*");
  const MetadataPlan made = MetadataOnly(order);
  EXPECT_EQ(made.dropped, 1);
  EXPECT_EQ(made.plan.reason(), "case");
  ASSERT_EQ(made.plan.targets_size(), 2);
  EXPECT_EQ(made.plan.targets(0).path().pattern(), "/etc/*");
  EXPECT_EQ(made.plan.targets(0).artifact(), "A");
  EXPECT_EQ(made.plan.targets(1).path().pattern(), "/tmp/*");
  EXPECT_EQ(made.wants_contents, (std::vector<bool>{true, false}));
}

}  // namespace
}  // namespace hozen
