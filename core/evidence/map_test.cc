#include "core/evidence/map.h"

#include <limits>
#include <string>

#include "core/chunk/chunk.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

v1::Failure Because(v1::Cause cause) {
  v1::Failure failure;
  failure.set_cause(cause);
  failure.set_detail("because");
  return failure;
}

void ExpectBad(const v1::Extent& extent) {
  EXPECT_EQ(CheckExtent(extent).code(), absl::StatusCode::kInvalidArgument) << extent.ShortDebugString();
}

const Digest kDigest = Sha256::Of("x");

TEST(MapTest, WhatIsMadeHereIsGood) {
  for (const v1::Extent& extent : {ChunkExtent(kDigest, 1), ChunkExtent(kDigest, kMaxChunkSizeBytes), ZerosExtent(7),
                                   UnreadableExtent(512, Because(v1::CAUSE_IO_ERROR)), NotAcquiredExtent(1)}) {
    EXPECT_TRUE(CheckExtent(extent).ok()) << CheckExtent(extent);
  }
}

TEST(MapTest, RunsWithoutBytesOfTheirOwnAreJoined) {
  ExtentList extents;
  AppendExtent(ZerosExtent(1), extents);
  AppendExtent(ZerosExtent(2), extents);
  AppendExtent(NotAcquiredExtent(4), extents);
  AppendExtent(NotAcquiredExtent(8), extents);
  AppendExtent(UnreadableExtent(16, Because(v1::CAUSE_IO_ERROR)), extents);
  AppendExtent(UnreadableExtent(32, Because(v1::CAUSE_IO_ERROR)), extents);
  AppendExtent(UnreadableExtent(64, Because(v1::CAUSE_TIMED_OUT)), extents);
  AppendExtent(ChunkExtent(kDigest, 128), extents);
  AppendExtent(ChunkExtent(kDigest, 256), extents);
  ASSERT_EQ(extents.size(), 6);
  EXPECT_EQ(extents[0].size_bytes(), 3u);
  EXPECT_EQ(extents[1].size_bytes(), 12u);
  EXPECT_EQ(extents[2].size_bytes(), 48u);
  EXPECT_EQ(extents[3].failure().cause(), v1::CAUSE_TIMED_OUT);
  EXPECT_EQ(SizeOf(extents), 511u);
}

TEST(MapTest, SizesDoNotWrapAround) {
  constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();
  ExtentList extents;
  AppendExtent(ZerosExtent(kMost), extents);
  AppendExtent(ZerosExtent(2), extents);
  EXPECT_EQ(extents.size(), 2);
  EXPECT_EQ(SizeOf(extents), kMost);
  EXPECT_EQ(SizeOf({}), 0u);
}

TEST(MapTest, DetailsOfRunsAreKeptShort) {
  v1::Failure failure = Because(v1::CAUSE_IO_ERROR);
  failure.set_detail(std::string(5000, 'x'));
  EXPECT_EQ(UnreadableExtent(1, failure).failure().detail().size(), kMaxRunDetailSizeBytes);
}

TEST(MapTest, ImpossibleRunsAreRefused) {
  ExpectBad(v1::Extent());
  ExpectBad(ZerosExtent(0));
  v1::Extent extent = ZerosExtent(1);
  extent.set_kind(static_cast<v1::Extent::Kind>(99));
  ExpectBad(extent);

  extent = ChunkExtent(kDigest, 1);
  extent.set_chunk_sha256("short");
  ExpectBad(extent);
  extent = ChunkExtent(kDigest, 1);
  extent.clear_chunk_sha256();
  ExpectBad(extent);

  extent = ZerosExtent(1);
  extent.set_chunk_sha256(std::string(kDigest.bytes()));
  ExpectBad(extent);
  extent = ZerosExtent(1);
  *extent.mutable_failure() = Because(v1::CAUSE_IO_ERROR);
  ExpectBad(extent);
  extent = UnreadableExtent(1, Because(v1::CAUSE_IO_ERROR));
  extent.clear_failure();
  ExpectBad(extent);
}

TEST(MapTest, RunsStayInsideTheLargestChunk) {
  v1::Extent extent = ChunkExtent(kDigest, 1);
  extent.set_chunk_offset_bytes(kMaxChunkSizeBytes - 1);
  EXPECT_TRUE(CheckExtent(extent).ok());
  extent.set_size_bytes(2);
  ExpectBad(extent);
  extent.set_size_bytes(std::numeric_limits<uint64_t>::max());
  ExpectBad(extent);
  extent.set_size_bytes(1);
  extent.set_chunk_offset_bytes(kMaxChunkSizeBytes);
  ExpectBad(extent);
  extent.set_chunk_offset_bytes(std::numeric_limits<uint32_t>::max());
  ExpectBad(extent);
}

}  // namespace
}  // namespace hozen
