#include "collector/export/stored_evidence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "collector/export/testing_evidence.h"
#include "core/base/concat.h"

namespace hozen {
namespace {

using ::testing::HasSubstr;

std::string Read(StoredEvidence evidence, uint64_t index, uint64_t offset_bytes, uint64_t size_bytes) {
  StringSink sink;
  const absl::Status status = evidence.ReadItem(index, offset_bytes, size_bytes, sink);
  EXPECT_TRUE(status.ok()) << status;
  return sink.bytes();
}

v1::Extent PartOf(v1::Extent chunk, uint32_t offset_bytes, uint64_t size_bytes) {
  chunk.set_chunk_offset_bytes(offset_bytes);
  chunk.set_size_bytes(size_bytes);
  return chunk;
}

v1::Item Disk(std::string path) {
  v1::Item item;
  item.set_kind(v1::Item::KIND_DISK);
  item.set_path(std::move(path));
  return item;
}

v1::Failure IoError() {
  v1::Failure failure;
  failure.set_cause(v1::CAUSE_IO_ERROR);
  return failure;
}

TEST(StoredEvidenceTest, AnyPartOfAStreamIsReadAsItIs) {
  TestingEvidence made;
  made.AddFile("/first", "something before it");
  const v1::Extent chunk = made.Chunk("0123456789abcdef");
  const uint64_t index = made.AddStream(Disk("/dev/x"), {PartOf(chunk, 4, 8), ZerosExtent(10), PartOf(chunk, 0, 3),
                                                         UnreadableExtent(5, IoError()), NotAcquiredExtent(7), chunk});
  made.AddFile("/last", "something behind it");
  made.Commit();
  const std::string& whole = made.StreamOf(index);
  ASSERT_EQ(whole.size(), 8u + 10 + 3 + 5 + 7 + 16);
  for (size_t offset = 0; offset <= whole.size(); ++offset) {
    for (const size_t size : {1, 2, 5, 9, 30, 100}) {
      EXPECT_EQ(Read(made.Open(), index, offset, size), whole.substr(offset, size)) << offset << "+" << size;
    }
    EXPECT_EQ(Read(made.Open(), index, offset, 0), whole.substr(offset));
  }
}

TEST(StoredEvidenceTest, AMapOfAnyLengthIsFollowed) {
  TestingEvidence made;
  const v1::Extent chunk = made.Chunk("0123456789abcdef");
  std::vector<v1::Extent> extents;
  for (uint32_t i = 0; i < 70'000; ++i) extents.push_back(PartOf(chunk, i % 16, 1 + i % (16 - i % 16)));
  made.AddFile("/first", "before");
  const uint64_t index = made.AddStream(Disk("/dev/x"), extents);
  made.AddFile("/last", "behind");
  made.Commit();
  EXPECT_EQ(Read(made.Open(), index, 0, 0), made.StreamOf(index));
  EXPECT_EQ(Read(made.Open(), index, 100'000, 1000), made.StreamOf(index).substr(100'000, 1000));
  std::vector<std::string> streams;
  StoredEvidence evidence = made.Open();
  const absl::Status walked = evidence.ReadItems([&](const v1::Item&, const StoredEvidence::ReadStream& read) {
    StringSink sink;
    const absl::Status status = read(sink);
    streams.push_back(sink.bytes());
    return status;
  });
  ASSERT_TRUE(walked.ok()) << walked;
  ASSERT_EQ(streams.size(), 3u);
  for (size_t i = 0; i < streams.size(); ++i) EXPECT_EQ(streams[i], made.StreamOf(i)) << i;
}

TEST(StoredEvidenceTest, OneDamagedBitNamesItemChunkAndOffset) {
  TestingEvidence made;
  const v1::Extent good = made.Chunk("good bytes");
  const v1::Extent bad = made.Chunk("bytes that will be damaged");
  const uint64_t index = made.AddStream(Disk("/dev/sdz"), {good, ZerosExtent(100), bad});
  made.Commit();
  const Digest digest = *Digest::FromBytes(bad.chunk_sha256());
  made.Damage(digest);
  StringSink sink;
  const absl::Status status = made.Open().ReadItem(index, 0, 0, sink);
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(status.ToString(), HasSubstr(digest.ToHex()));
  EXPECT_THAT(status.ToString(), HasSubstr("item 0 (/dev/sdz)"));
  EXPECT_THAT(status.ToString(), HasSubstr("offset 110"));
  EXPECT_EQ(sink.bytes().size(), 110u);
  // What is not asked for is not read.
  EXPECT_EQ(Read(made.Open(), index, 0, 110), made.StreamOf(index).substr(0, 110));
}

TEST(StoredEvidenceTest, AStreamThatIsNotTheManifestsIsDataLoss) {
  TestingEvidence made;
  v1::Item item;
  item.set_kind(v1::Item::KIND_FILE);
  item.set_path("/etc/passwd");
  item.set_sha256(std::string(Sha256::Of("something else").bytes()));
  made.AddStream(item, {made.Chunk("what is stored")});
  made.Commit();
  StringSink sink;
  const absl::Status status = made.Open().ReadItem(0, 0, 0, sink);
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(status.ToString(), HasSubstr(Sha256::Of("something else").ToHex()));
}

TEST(StoredEvidenceTest, WhatIsNotThereIsSaidClearly) {
  TestingEvidence made;
  EXPECT_TRUE(
      absl::IsFailedPrecondition(StoredEvidence::Open(made.vault(), made.catalog(), made.acquisition_id()).status()));
  EXPECT_TRUE(absl::IsNotFound(StoredEvidence::Open(made.vault(), made.catalog(), "0000000000000000").status()));
  v1::Item folder;
  folder.set_kind(v1::Item::KIND_DIRECTORY);
  folder.set_path("/etc");
  made.AddRecord(folder);
  made.AddFile("/etc/empty", "");
  made.Commit();
  StringSink sink;
  EXPECT_TRUE(absl::IsFailedPrecondition(made.Open().ReadItem(0, 0, 0, sink)));
  EXPECT_TRUE(made.Open().ReadItem(1, 0, 0, sink).ok());
  EXPECT_TRUE(absl::IsOutOfRange(made.Open().ReadItem(1, 1, 0, sink)));
  EXPECT_TRUE(absl::IsNotFound(made.Open().ReadItem(2, 0, 0, sink)));
  EXPECT_EQ(sink.bytes(), "");
}

TEST(StoredEvidenceTest, ADamagedBodyIsDataLoss) {
  TestingEvidence made;
  for (int i = 0; i < 100; ++i) made.AddFile(Concat("/file", i), Concat("content ", i));
  made.Commit();
  ASSERT_GT(made.body_chunks().size(), 3u);
  made.Damage(made.body_chunks()[2]);
  StoredEvidence evidence = made.Open();
  const absl::Status status = evidence.ReadBody({});
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(status.ToString(), HasSubstr("body, at offset 2000"));
  // Items whose records lie elsewhere are still there.
  EXPECT_EQ(Read(made.Open(), 99, 0, 0), "content 99");
}

TEST(StoredEvidenceTest, ASinksErrorEndsTheReadingAndComesBack) {
  class Refusing : public StreamSink {
   public:
    absl::Status Data(std::string_view) override { return absl::CancelledError("gone"); }
    absl::Status Zeros(uint64_t) override { return absl::CancelledError("gone"); }
  };
  TestingEvidence made;
  made.AddFile("/a", "content");
  made.AddStream(Disk("/dev/x"), {ZerosExtent(uint64_t{1} << 30)});
  made.Commit();
  Refusing sink;
  EXPECT_TRUE(absl::IsCancelled(made.Open().ReadItem(0, 0, 0, sink)));
  EXPECT_TRUE(absl::IsCancelled(made.Open().ReadItem(1, 0, 0, sink)));
}

}  // namespace
}  // namespace hozen
