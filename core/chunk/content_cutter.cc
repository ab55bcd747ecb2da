#include "core/chunk/content_cutter.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace hozen {
namespace {

// Of the hash's upper bits, which depend on the last 64 bytes: all zero once in kUsualContentChunkBytes.
constexpr uint64_t kMask = ~(~uint64_t{0} / kUsualContentChunkBytes);

constexpr std::array<uint64_t, 256> MakeGears() {
  std::array<uint64_t, 256> gears = {};
  uint64_t state = 0x686F7A656E;  // any would do, as long as it stays: other agents shall cut alike
  for (uint64_t& gear : gears) {
    // splitmix64 (https://prng.di.unimi.it/splitmix64.c)
    state += 0x9E3779B97F4A7C15;
    uint64_t mixed = state;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
    gear = mixed ^ (mixed >> 31);
  }
  return gears;
}

constexpr std::array<uint64_t, 256> kGears = MakeGears();

}  // namespace

size_t FirstContentChunk(std::string_view bytes) {
  const size_t end = std::min(bytes.size(), kMostContentChunkBytes);
  uint64_t hash = 0;
  // The 64 bytes before the least size fill the hash, and cut nothing.
  for (size_t at = kLeastContentChunkBytes - 64; at < end; ++at) {
    hash = (hash << 1) + kGears[static_cast<unsigned char>(bytes[at])];
    if (at + 1 >= kLeastContentChunkBytes && (hash & kMask) == 0) return at + 1;
  }
  return end == kMostContentChunkBytes ? end : 0;
}

}  // namespace hozen
