// Frames as an attacker or a failing disk may change them: nothing falls over, nothing is believed.
#include <cstdint>
#include <random>
#include <string>

#include "absl/status/status.h"
#include "core/chunk/chunk.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

std::string Sample(std::mt19937& random) {
  std::string bytes;
  const size_t size = 1 + random() % 20'000;
  while (bytes.size() < size) {
    // Matches, runs and literals, so that every kind of block and table is there to be damaged.
    if (random() % 3 == 0) bytes.append(random() % 400, static_cast<char>('a' + random() % 4));
    if (random() % 3 == 0) bytes.append(bytes.substr(0, random() % 300));
    for (size_t i = random() % 200; i > 0; --i) bytes += static_cast<char>(random() % (random() % 2 == 0 ? 256 : 16));
  }
  bytes.resize(size);
  return bytes;
}

std::string Mutated(std::string frame, std::mt19937& random) {
  for (uint32_t changes = 1 + random() % 4; changes > 0; --changes) {
    const size_t at = frame.empty() ? 0 : random() % frame.size();
    switch (random() % 6) {
      case 0:
        if (!frame.empty()) frame[at] = static_cast<char>(frame[at] ^ (1 << random() % 8));
        break;
      case 1:
        if (!frame.empty()) frame[at] = static_cast<char>(random());
        break;
      case 2:
        frame.erase(at, 1 + random() % 16);
        break;
      case 3:
        frame.insert(at, std::string(1 + random() % 16, static_cast<char>(random())));
        break;
      case 4:
        frame.resize(at);
        break;
      default:
        frame.insert(at, frame.substr(random() % (frame.size() + 1), random() % 64));
        break;
    }
  }
  return frame;
}

TEST(ChunkMutationTest, AFrameThatVerifiesHasTheNamedBytesWhateverWasDoneToIt) {
  std::mt19937 random(20261122);
  int refused = 0;
  for (int sample = 0; sample < 60; ++sample) {
    const PlainChunk plain = MakePlainChunk(Sample(random));
    const VerifiedChunk packed = VerifiedChunk::FromPlain(plain, 1 + static_cast<int>(random() % 12));
    for (int round = 0; round < 300; ++round) {
      const std::string frame = Mutated(packed.frame(), random);
      const absl::StatusOr<std::string> bytes = UnpackVerified(plain.sha256, packed.size_bytes(), frame);
      const absl::Status status = VerifiedChunk::FromFrame(plain.sha256, packed.size_bytes(), frame).status();
      EXPECT_EQ(bytes.status(), status);
      if (bytes.ok()) {
        // Some changes, to unused bits for one, leave the content as it was.
        EXPECT_EQ(*bytes, *plain.bytes);
      } else {
        EXPECT_TRUE(absl::IsDataLoss(status)) << status;
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 60 * 300 * 9 / 10);
}

TEST(ChunkMutationTest, EveryFlippedBitOfASmallFrameIsHarmless) {
  std::mt19937 random(5);
  const PlainChunk plain = MakePlainChunk(Sample(random).substr(0, 700));
  const std::string frame = VerifiedChunk::FromPlain(plain, 3).frame();
  const auto size = static_cast<uint32_t>(plain.bytes->size());
  for (size_t bit = 0; bit < frame.size() * 8; ++bit) {
    std::string changed = frame;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    const absl::StatusOr<std::string> bytes = UnpackVerified(plain.sha256, size, changed);
    EXPECT_EQ(bytes.value_or(*plain.bytes), *plain.bytes) << bit;
  }
}

TEST(ChunkMutationTest, NoiseBehindTheMagicNumberIsRefused) {
  std::mt19937 random(6);
  for (int round = 0; round < 20'000; ++round) {
    std::string frame("\x28\xb5\x2f\xfd", 4);
    for (size_t i = random() % 60; i > 0; --i) frame += static_cast<char>(random());
    const auto size = static_cast<uint32_t>(1 + random() % kMaxChunkSizeBytes);
    EXPECT_TRUE(absl::IsDataLoss(VerifiedChunk::FromFrame(Digest(), size, frame).status()));
  }
}

}  // namespace
}  // namespace hozen
