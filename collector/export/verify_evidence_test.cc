#include "collector/export/verify_evidence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "collector/export/testing_evidence.h"
#include "core/base/concat.h"

namespace hozen {
namespace {

using ::testing::HasSubstr;

struct Verified {
  VerifyOutcome outcome;
  std::vector<v1::VerifyFault> faults;
};

Verified Verify(TestingEvidence& made) {
  Verified verified;
  StoredEvidence evidence = made.Open();
  const absl::StatusOr<VerifyOutcome> outcome =
      VerifyEvidence(evidence, made.vault(), made.catalog(), [&](const VerifyOutcome&, const v1::VerifyFault* fault) {
        if (fault != nullptr) verified.faults.push_back(*fault);
        return absl::OkStatus();
      });
  EXPECT_TRUE(outcome.ok()) << outcome.status();
  if (outcome.ok()) verified.outcome = *outcome;
  return verified;
}

v1::Item File(std::string path) {
  v1::Item item;
  item.set_kind(v1::Item::KIND_FILE);
  item.set_path(std::move(path));
  return item;
}

TEST(VerifyEvidenceTest, SoundEvidenceHasNoFault) {
  TestingEvidence made;
  made.AddFile("/a", "first");
  made.AddStream(File("/sparse"), {made.Chunk("x"), ZerosExtent(uint64_t{3} << 28), made.Chunk("y")});
  made.AddFile("/empty", "");
  made.Commit();
  const Verified verified = Verify(made);
  EXPECT_TRUE(verified.faults.empty()) << verified.faults[0].detail();
  EXPECT_EQ(verified.outcome.verified_items, 3u);
  EXPECT_EQ(verified.outcome.verified_bytes, 5 + (uint64_t{3} << 28) + 2);
}

TEST(VerifyEvidenceTest, EachDamagedChunkIsNamedAndTheRestIsStillVerified) {
  TestingEvidence made;
  const v1::Extent good = made.Chunk("good bytes");
  const v1::Extent one = made.Chunk("will be damaged");
  const v1::Extent two = made.Chunk("this one too");
  made.AddFile("/first", "sound");
  made.AddStream(File("/etc/bad"), {good, one, ZerosExtent(100), two, good});
  made.AddFile("/last", "sound as well");
  made.Commit();
  made.Damage(*Digest::FromBytes(one.chunk_sha256()));
  made.Damage(*Digest::FromBytes(two.chunk_sha256()));
  const Verified verified = Verify(made);
  ASSERT_EQ(verified.faults.size(), 2u);
  EXPECT_EQ(verified.faults[0].item_index(), 1u);
  EXPECT_EQ(verified.faults[0].path(), "/etc/bad");
  EXPECT_EQ(verified.faults[0].offset_bytes(), 10u);
  EXPECT_THAT(verified.faults[0].detail(), HasSubstr(Digest::FromBytes(one.chunk_sha256())->ToHex()));
  EXPECT_EQ(verified.faults[1].offset_bytes(), 10u + 15 + 100);
  EXPECT_EQ(verified.outcome.faults, 2u);
  EXPECT_EQ(verified.outcome.verified_items, 2u);
}

TEST(VerifyEvidenceTest, AnItemWhoseChunksAreRightButNotItsHashIsAFault) {
  TestingEvidence made;
  v1::Item item = File("/etc/passwd");
  item.set_sha256(std::string(Sha256::Of("another").bytes()));
  made.AddStream(item, {made.Chunk("content")});
  made.Commit();
  const Verified verified = Verify(made);
  ASSERT_EQ(verified.faults.size(), 1u);
  EXPECT_THAT(verified.faults[0].detail(), HasSubstr(Sha256::Of("content").ToHex()));
  EXPECT_EQ(verified.outcome.verified_items, 0u);
}

TEST(VerifyEvidenceTest, ItemsBehindADamagedPartOfTheBodyAreStillVerified) {
  TestingEvidence made;
  for (int i = 0; i < 100; ++i) made.AddFile(Concat("/file", i), Concat("content ", i));
  const v1::Extent bad = made.Chunk("far behind");
  made.AddStream(File("/far/behind"), {bad});
  made.Commit();
  made.Damage(made.body_chunks()[1]);
  made.Damage(*Digest::FromBytes(bad.chunk_sha256()));
  const Verified verified = Verify(made);
  ASSERT_GE(verified.faults.size(), 3u);
  EXPECT_THAT(verified.faults[0].detail(), HasSubstr("the manifest's body"));
  EXPECT_EQ(verified.faults.back().path(), "/far/behind");
  EXPECT_GT(verified.outcome.verified_items, 80u);
  EXPECT_EQ(verified.outcome.verified_items + verified.faults.size() - 1, 101u);
}

TEST(VerifyEvidenceTest, ManyFaultsOfOneItemAreCounted) {
  TestingEvidence made;
  const v1::Extent bad = made.Chunk("damaged");
  made.AddStream(File("/bad"), std::vector<v1::Extent>(250, bad));
  made.Commit();
  made.Damage(*Digest::FromBytes(bad.chunk_sha256()));
  const Verified verified = Verify(made);
  ASSERT_EQ(verified.faults.size(), 101u);
  EXPECT_THAT(verified.faults.back().detail(), HasSubstr("150 more"));
}

TEST(VerifyEvidenceTest, ItEndsWhenNobodyWantsItAnyMore) {
  TestingEvidence made;
  for (int i = 0; i < 10; ++i) made.AddFile(Concat("/file", i), Concat("content ", i));
  made.Commit();
  StoredEvidence evidence = made.Open();
  int calls = 0;
  const auto outcome =
      VerifyEvidence(evidence, made.vault(), made.catalog(), [&](const VerifyOutcome&, const v1::VerifyFault*) {
        return ++calls == 3 ? absl::CancelledError("gone") : absl::OkStatus();
      });
  EXPECT_EQ(outcome.status(), absl::CancelledError("gone"));
  EXPECT_EQ(calls, 3);
}

}  // namespace
}  // namespace hozen
