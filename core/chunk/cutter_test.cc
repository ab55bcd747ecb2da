#include "core/chunk/cutter.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace hozen {
namespace {

constexpr uint64_t kMiB = 1 << 20;
constexpr uint64_t kKiB = 1 << 10;

struct Placed {
  uint64_t offset_bytes;
  CutPart part;
};

// All parts of the zones, with what every cut promises checked.
std::vector<Placed> CutAll(Cutter& cutter, uint64_t end) {
  std::vector<Placed> parts;
  std::map<uint64_t, uint64_t> chunk_sizes;
  std::map<uint64_t, bool> ended;
  uint64_t at = cutter.offset_bytes();
  while (const std::optional<CutPart> part = cutter.Next()) {
    EXPECT_GT(part->size_bytes, 0u);
    parts.push_back({at, *part});
    at += part->size_bytes;
    EXPECT_EQ(cutter.offset_bytes(), at);
    if (part->left_out) continue;
    EXPECT_FALSE(ended[part->chunk]) << "a part behind the last one";
    ended[part->chunk] = part->last;
    chunk_sizes[part->chunk] += part->size_bytes;
    EXPECT_LE(chunk_sizes[part->chunk], kMaxChunkSizeBytes);
  }
  EXPECT_EQ(at, end);
  for (const auto& [chunk, is_ended] : ended) EXPECT_TRUE(is_ended) << "chunk " << chunk << " never ends";
  return parts;
}

std::vector<Placed> Cut(uint64_t end, std::vector<FileRun> runs, std::vector<ByteRange> left_out = {},
                        uint64_t begin = 0) {
  Cutter cutter(begin);
  cutter.AddZone(end, std::move(runs), std::move(left_out));
  return CutAll(cutter, end);
}

TEST(CutterTest, WithoutFilesCutsAtMultiplesOfTheLargestChunk) {
  const auto parts = Cut(2 * kMiB + 512, {}, {}, 4096);
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[0].part.size_bytes, kMiB - 4096);
  EXPECT_EQ(parts[1].part.size_bytes, kMiB);
  EXPECT_EQ(parts[2].part.size_bytes, 512u);
}

TEST(CutterTest, AFileIsCutAtItsOwnMultiplesWhereverItLies) {
  for (const uint64_t offset : {uint64_t{0}, 4 * kKiB, 700 * kKiB}) {
    const auto parts = Cut(8 * kMiB, {{.offset_bytes = offset, .size_bytes = 2 * kMiB + 12 * kKiB}});
    std::vector<uint64_t> sizes;
    for (const Placed& placed : parts) {
      if (placed.offset_bytes >= offset && placed.offset_bytes < offset + 2 * kMiB + 12 * kKiB) {
        sizes.push_back(placed.part.size_bytes);
      }
    }
    EXPECT_EQ(sizes, (std::vector<uint64_t>{kMiB, kMiB, 12 * kKiB})) << offset;
  }
}

TEST(CutterTest, PiecesOfAChunkComeTogetherInTheFilesOrder) {
  // The file's second piece lies before its first.
  const auto parts =
      Cut(kMiB, {{.offset_bytes = 64 * kKiB, .size_bytes = 8 * kKiB, .file_offset_bytes = 4 * kKiB, .group = 7},
                 {.offset_bytes = 128 * kKiB, .size_bytes = 4 * kKiB, .group = 7}});
  ASSERT_EQ(parts.size(), 5u);
  EXPECT_EQ(parts[1].part.chunk, parts[3].part.chunk);
  EXPECT_FALSE(parts[1].part.last);
  EXPECT_TRUE(parts[3].part.last);
  EXPECT_GT(parts[1].part.position, parts[3].part.position);
  EXPECT_NE(parts[0].part.chunk, parts[2].part.chunk);
}

TEST(CutterTest, PiecesTooFarApartBecomeChunksOfTheirOwn) {
  const uint64_t far = Cutter::kMaxSpanBytes + 8 * kKiB;
  const auto parts =
      Cut(far + kMiB, {{.offset_bytes = 4 * kKiB, .size_bytes = 4 * kKiB, .group = 1},
                       {.offset_bytes = far, .size_bytes = 4 * kKiB, .file_offset_bytes = 4096, .group = 1}});
  for (const Placed& placed : parts) EXPECT_TRUE(placed.part.last);
}

TEST(CutterTest, ManySmallPiecesBetweenTwoOfAChunkPartThem) {
  std::vector<FileRun> runs = {{.offset_bytes = 0, .size_bytes = 512, .group = 1}};
  for (uint64_t i = 1; i <= Cutter::kMaxSpanParts; ++i) runs.push_back({.offset_bytes = i * 512, .size_bytes = 512});
  runs.push_back({.offset_bytes = runs.size() * 512, .size_bytes = 512, .file_offset_bytes = 512, .group = 1});
  const auto parts = Cut(runs.size() * 512, runs);
  EXPECT_TRUE(parts.front().part.last);
}

TEST(CutterTest, OfOverlappingRunsTheFirstHasTheBytes) {
  const auto parts = Cut(kMiB, {{.offset_bytes = 8 * kKiB, .size_bytes = 8 * kKiB, .rank = 1},
                                {.offset_bytes = 0, .size_bytes = 12 * kKiB, .rank = 2},
                                {.offset_bytes = 4 * kKiB, .size_bytes = 4 * kKiB, .rank = 3}});
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[0].part.size_bytes, 12 * kKiB);
  EXPECT_EQ(parts[0].part.rank, 2);
  EXPECT_EQ(parts[1].part.size_bytes, 4 * kKiB);
  EXPECT_EQ(parts[1].part.rank, 1);
}

TEST(CutterTest, LeftOutRangesYieldToFiles) {
  const auto parts = Cut(8 * kMiB, {{.offset_bytes = 2 * kMiB, .size_bytes = 4 * kKiB}},
                         {{.offset_bytes = 512 * kKiB, .size_bytes = 5 * kMiB}});
  uint64_t left_out = 0;
  for (const Placed& placed : parts) left_out += placed.part.left_out ? placed.part.size_bytes : 0;
  EXPECT_EQ(left_out, 5 * kMiB - 4 * kKiB);
  EXPECT_FALSE(parts[0].part.left_out);
  EXPECT_EQ(parts[0].part.size_bytes, 512 * kKiB);
}

TEST(CutterTest, ZonesFollowEachOther) {
  Cutter cutter(0);
  cutter.AddZone(3 * kMiB, {{.offset_bytes = 2 * kMiB + kKiB, .size_bytes = kKiB}}, {});
  const auto first = CutAll(cutter, 3 * kMiB);
  cutter.AddZone(4 * kMiB, {{.offset_bytes = kMiB, .size_bytes = kMiB}}, {});  // of the zone before: too late
  const auto second = CutAll(cutter, 4 * kMiB);
  ASSERT_EQ(second.size(), 1u);
  for (const Placed& placed : first) EXPECT_NE(placed.part.chunk, second[0].part.chunk);
}

TEST(CutterTest, AResumedRunGoesOnWhereItsFileWould) {
  const std::vector<FileRun> runs = {{.offset_bytes = 8 * kKiB, .size_bytes = 3 * kMiB}};
  const auto whole = Cut(4 * kMiB, runs);
  const auto rest = Cut(4 * kMiB, runs, {}, 8 * kKiB + kMiB);
  ASSERT_EQ(rest.size() + 2, whole.size());
  for (size_t i = 0; i < rest.size(); ++i) {
    EXPECT_EQ(rest[i].offset_bytes, whole[i + 2].offset_bytes);
    EXPECT_EQ(rest[i].part.size_bytes, whole[i + 2].part.size_bytes);
  }
}

TEST(CutterTest, WhateverAHostileListSaysEveryByteIsCutOnce) {
  std::minstd_rand random(1);
  for (int round = 0; round < 300; ++round) {
    const uint64_t size = random() % (6 * kMiB) + 1;
    std::vector<FileRun> runs;
    std::vector<ByteRange> left_out;
    const auto number = [&]() -> uint64_t {
      switch (random() % 4) {
        case 0:
          return random() % (8 * kMiB);
        case 1:
          return random() % 64 * 512;
        case 2:
          return ~uint64_t{0} - random() % 4096;
        default:
          return uint64_t{random()} << 32 | random();
      }
    };
    for (unsigned i = random() % 400; i > 0; --i) {
      runs.push_back({.offset_bytes = random() % (7 * kMiB),
                      .size_bytes = number(),
                      .file_offset_bytes = number(),
                      .group = static_cast<uint32_t>(random() % 6)});
      if (random() % 8 != 0) runs.back().size_bytes = random() % (64 * kKiB);
      if (random() % 50 == 0) runs.back().offset_bytes = number();
      left_out.push_back({.offset_bytes = number(), .size_bytes = number()});
    }
    Cut(size, std::move(runs), std::move(left_out), random() % size);
  }
}

}  // namespace
}  // namespace hozen
