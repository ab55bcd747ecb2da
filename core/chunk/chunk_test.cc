#include "core/chunk/chunk.h"

#include <zstd.h>

#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

std::string Text(size_t size) {
  std::string text;
  for (int i = 0; text.size() < size; ++i) text += "line " + std::to_string(i * i) + " of a log\n";
  text.resize(size);
  return text;
}

std::string Noise(size_t size) {
  std::mt19937_64 random(7);
  std::string noise(size, '\0');
  for (char& byte : noise) byte = static_cast<char>(random());
  return noise;
}

// A frame that zstd's other interface makes, with the parameters that are asked for.
std::string Frame(const std::string& bytes, std::vector<std::pair<ZSTD_cParameter, int>> parameters = {}) {
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  for (const auto& [parameter, value] : parameters) ZSTD_CCtx_setParameter(context, parameter, value);
  std::string frame(ZSTD_compressBound(bytes.size()), '\0');
  const size_t size = ZSTD_compress2(context, frame.data(), frame.size(), bytes.data(), bytes.size());
  ZSTD_freeCCtx(context);
  EXPECT_FALSE(ZSTD_isError(size));
  frame.resize(size);
  return frame;
}

TEST(ChunkTest, GoesThroughItsFrame) {
  for (const std::string& bytes : {std::string("x"), Text(1000), Text(kMaxChunkSizeBytes), Noise(kMaxChunkSizeBytes),
                                   std::string(kMaxChunkSizeBytes, '\0')}) {
    for (const int level : {-5, 1, 3, 19}) {
      const PlainChunk plain = MakePlainChunk(bytes);
      EXPECT_EQ(plain.sha256, Sha256::Of(bytes));
      const VerifiedChunk packed = VerifiedChunk::FromPlain(plain, level);
      EXPECT_EQ(packed.sha256(), plain.sha256);
      EXPECT_EQ(packed.size_bytes(), bytes.size());
      EXPECT_LE(packed.frame().size(), kMaxFrameSizeBytes);
      const absl::StatusOr<VerifiedChunk> verified =
          VerifiedChunk::FromFrame(plain.sha256, packed.size_bytes(), packed.frame());
      ASSERT_TRUE(verified.ok()) << verified.status();
      EXPECT_EQ(verified->frame(), packed.frame());
      EXPECT_EQ(*UnpackVerified(plain.sha256, packed.size_bytes(), packed.frame()), bytes);
    }
  }
}

TEST(ChunkTest, WhatCannotShrinkGrowsByLittle) {
  const VerifiedChunk packed = VerifiedChunk::FromPlain(MakePlainChunk(Noise(kMaxChunkSizeBytes)), 3);
  EXPECT_LE(packed.frame().size(), kMaxChunkSizeBytes + 64u);
}

TEST(ChunkTest, TheLimitIsZstdsBound) { EXPECT_LE(ZSTD_compressBound(kMaxChunkSizeBytes), kMaxFrameSizeBytes); }

TEST(ChunkTest, FramesDeclareTheirSizeAndHaveNoChecksum) {
  const VerifiedChunk packed = VerifiedChunk::FromPlain(MakePlainChunk(Text(5000)), 3);
  EXPECT_EQ(ZSTD_getFrameContentSize(packed.frame().data(), packed.frame().size()), 5000u);
  // RFC 8878 section 3.1.1.1.1.5: Content_Checksum_flag is bit 2 of the descriptor behind the magic number.
  EXPECT_EQ(packed.frame()[4] & 4, 0);
}

TEST(ChunkTest, ReleaseGivesTheFrameAway) {
  VerifiedChunk packed = VerifiedChunk::FromPlain(MakePlainChunk(Text(5000)), 3);
  const std::string frame = packed.frame();
  EXPECT_EQ(std::move(packed).ReleaseFrame(), frame);
}

class HostileFrameTest : public ::testing::Test {
 protected:
  // Both ways in must agree.
  absl::Status Verify(const std::string& frame, uint32_t size_bytes) const {
    const absl::Status status = VerifiedChunk::FromFrame(sha256_, size_bytes, frame).status();
    EXPECT_EQ(UnpackVerified(sha256_, size_bytes, frame).status(), status);
    return status;
  }

  const std::string bytes_ = Text(5000);
  const uint32_t size_ = 5000;
  const Digest sha256_ = Sha256::Of(bytes_);
  const std::string frame_ = Frame(bytes_);
};

TEST_F(HostileFrameTest, AnHonestFrameOfAnotherEncoderIsTaken) {
  EXPECT_TRUE(Verify(frame_, size_).ok());
  EXPECT_TRUE(Verify(Frame(bytes_, {{ZSTD_c_checksumFlag, 1}, {ZSTD_c_windowLog, 20}}), size_).ok());
}

TEST_F(HostileFrameTest, SizesOutsideTheLimitsAreInvalid) {
  EXPECT_TRUE(absl::IsInvalidArgument(Verify(frame_, 0)));
  EXPECT_TRUE(absl::IsInvalidArgument(Verify(frame_, kMaxChunkSizeBytes + 1)));
  EXPECT_TRUE(absl::IsInvalidArgument(Verify(frame_, UINT32_MAX)));
  EXPECT_TRUE(absl::IsInvalidArgument(Verify(std::string(kMaxFrameSizeBytes + 1, 'x'), size_)));
}

TEST_F(HostileFrameTest, AnotherSizeThanSaidIsDataLoss) {
  EXPECT_TRUE(absl::IsDataLoss(Verify(frame_, size_ - 1)));
  EXPECT_TRUE(absl::IsDataLoss(Verify(frame_, size_ + 1)));
}

TEST_F(HostileFrameTest, AFrameThatDeclaresNoSizeIsDataLoss) {
  EXPECT_TRUE(absl::IsDataLoss(Verify(Frame(bytes_, {{ZSTD_c_contentSizeFlag, 0}}), size_)));
}

TEST_F(HostileFrameTest, AFrameThatHoldsMoreOrLessThanItDeclaresIsDataLoss) {
  for (const size_t held : {4999u, 5001u, 9000u}) {
    std::string lying = Frame(Text(held), {{ZSTD_c_contentSizeFlag, 1}});
    // RFC 8878 section 3.1.1.1: single segment with a field of 2 bytes, which stands for 256 less than the size.
    ASSERT_EQ(static_cast<unsigned char>(lying[4]) & 0xE0, 0x60);
    lying[5] = static_cast<char>((size_ - 256) & 0xFF);
    lying[6] = static_cast<char>((size_ - 256) >> 8);
    EXPECT_TRUE(absl::IsDataLoss(Verify(lying, size_))) << held;
  }
}

TEST_F(HostileFrameTest, BytesOrFramesBehindItAreDataLoss) {
  EXPECT_TRUE(absl::IsDataLoss(Verify(frame_ + "x", size_)));
  EXPECT_TRUE(absl::IsDataLoss(Verify(frame_ + std::string(8, '\0'), size_)));
  EXPECT_TRUE(absl::IsDataLoss(Verify(Frame(bytes_.substr(0, 2000)) + Frame(bytes_.substr(2000)), size_)));
  EXPECT_TRUE(absl::IsDataLoss(Verify(frame_ + Frame(""), size_)));
}

TEST_F(HostileFrameTest, SkippableFramesAreDataLoss) {
  const std::string skippable("\x50\x2a\x4d\x18\x04\x00\x00\x00skip", 12);
  EXPECT_TRUE(absl::IsDataLoss(Verify(skippable, size_)));
  EXPECT_TRUE(absl::IsDataLoss(Verify(skippable + frame_, size_)));
  EXPECT_TRUE(absl::IsDataLoss(Verify(frame_ + skippable, size_)));
}

TEST_F(HostileFrameTest, OtherBytesThanNamedAreDataLoss) {
  std::string other = bytes_;
  other[4321] ^= 1;
  EXPECT_TRUE(absl::IsDataLoss(Verify(Frame(other), size_)));
}

TEST_F(HostileFrameTest, AFrameCutShortAtAnyByteIsDataLoss) {
  for (size_t size = 0; size < frame_.size(); ++size) {
    EXPECT_TRUE(absl::IsDataLoss(Verify(frame_.substr(0, size), size_))) << size;
  }
}

TEST_F(HostileFrameTest, ABombIsUnpackedNoFurtherThanItMay) {
  // 64 MiB of zeros in some 2 KiB.
  EXPECT_TRUE(absl::IsDataLoss(Verify(Frame(std::string(64 << 20, '\0')), kMaxChunkSizeBytes)));
}

TEST(ChunkThreadsTest, PackAndVerifyAtTheSameTime) {
  std::vector<std::thread> threads;
  for (size_t i = 0; i < 4; ++i) {
    threads.emplace_back([i] {
      for (size_t round = 1; round <= 20; ++round) {
        const PlainChunk plain = MakePlainChunk(Text(round * 1000 + i));
        const VerifiedChunk packed = VerifiedChunk::FromPlain(plain, 1);
        EXPECT_EQ(*UnpackVerified(plain.sha256, packed.size_bytes(), packed.frame()), *plain.bytes);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(IsAllZeroTest, FindsTheOneByteThatIsNot) {
  EXPECT_TRUE(IsAllZero(""));
  EXPECT_TRUE(IsAllZero(std::string_view("\0", 1)));
  for (const size_t size : {1, 2, 31, 32, 33, 4096}) {
    const std::string zeros(size, '\0');
    EXPECT_TRUE(IsAllZero(zeros));
    for (size_t i = 0; i < size; ++i) {
      std::string other = zeros;
      other[i] = 1;
      EXPECT_FALSE(IsAllZero(other)) << i << " of " << size;
    }
  }
  EXPECT_FALSE(IsAllZero(std::string(100, 'x'))) << "all the same is not all zero";
}

// What is packed already is not packed again, and zstd reads the frame like any other.
TEST(ChunkTest, IncompressibleBytesBecomeRawBlocksThatZstdUnpacks) {
  std::minstd_rand random(7);
  for (const size_t size : {size_t{128} << 10, (size_t{256} << 10) + 1, size_t{1} << 20}) {
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random() >> 8);
    const PlainChunk chunk = MakePlainChunk(bytes);
    const VerifiedChunk packed = VerifiedChunk::FromPlain(chunk, 1);
    EXPECT_LE(packed.frame().size(), size + size / 1024 + 16);
    std::string unpacked(size, '\0');
    ASSERT_EQ(ZSTD_decompress(unpacked.data(), size, packed.frame().data(), packed.frame().size()), size);
    EXPECT_TRUE(unpacked == bytes);
    EXPECT_EQ(ZSTD_getFrameContentSize(packed.frame().data(), packed.frame().size()), size);
    ASSERT_TRUE(VerifiedChunk::FromFrame(chunk.sha256, static_cast<uint32_t>(size), packed.frame()).ok());
  }
}

// One that only begins like noise shrinks where it can.
TEST(ChunkTest, BytesThatShrinkAnywhereArePacked) {
  std::minstd_rand random(7);
  std::string bytes(1 << 20, 'x');
  for (size_t i = 0; i < (64 << 10); ++i) bytes[i] = static_cast<char>(random() >> 8);
  EXPECT_LT(VerifiedChunk::FromPlain(MakePlainChunk(bytes), 1).frame().size(), size_t{128} << 10);
}

}  // namespace
}  // namespace hozen
