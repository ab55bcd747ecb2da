// Chunks for tests of stores.
#ifndef HOZEN_COLLECTOR_STORE_TESTING_CHUNKS_H_
#define HOZEN_COLLECTOR_STORE_TESTING_CHUNKS_H_

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "core/chunk/chunk.h"

namespace hozen {

// Bytes that do not compress, the same for the same seed.
inline std::string TestingBytes(uint64_t seed, size_t size_bytes) {
  std::mt19937_64 random(seed);
  std::string bytes(size_bytes, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

inline VerifiedChunk TestingChunk(const std::string& plain) {
  return VerifiedChunk::FromPlain(MakePlainChunk(plain), 1);
}

inline std::vector<VerifiedChunk> TestingChunks(const std::vector<std::string>& plains) {
  std::vector<VerifiedChunk> chunks;
  for (const std::string& plain : plains) chunks.push_back(TestingChunk(plain));
  return chunks;
}

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_STORE_TESTING_CHUNKS_H_
