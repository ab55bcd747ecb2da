// Runs a fuzz target without libFuzzer: the same mutations of its seeds in every run, so that a failure can be had
// again.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>

#include "tests/fuzz/fuzz_target.h"

namespace {

constexpr int kRounds = 4000;
constexpr std::string_view kNasty[] = {std::string_view("\0\0\0\0", 4),
                                       "\xff\xff\xff\xff",
                                       "\x80\x80\x80\x80\x80\x80\x01",
                                       "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
                                       "**",
                                       "..",
                                       "\n",
                                       "[",
                                       "%%"};

void RunExactly(std::string_view bytes) {
  // An own allocation of just this size, so that asan sees a read behind the end.
  std::vector<uint8_t> exact(bytes.begin(), bytes.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

std::string Mutated(std::string bytes, const std::vector<std::string>& seeds, std::mt19937& random) {
  const auto below = [&random](size_t n) { return n == 0 ? 0 : random() % n; };
  for (size_t edits = 1 + below(4); edits > 0; --edits) {
    const size_t at = below(bytes.size() + 1);
    switch (below(7)) {
      case 0:
        if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
        break;
      case 1:
        if (at < bytes.size()) bytes[at] = static_cast<char>(random());
        break;
      case 2:
        bytes.resize(at);
        break;
      case 3:
        bytes.insert(at, kNasty[below(std::size(kNasty))]);
        break;
      case 4:
        bytes.erase(std::min(at, bytes.size()), below(16));
        break;
      case 5:
        bytes.insert(at, bytes.substr(below(bytes.size() + 1), below(64)));
        break;
      default: {
        const std::string& other = seeds[below(seeds.size())];
        bytes = bytes.substr(0, at) + other.substr(std::min(other.size(), below(other.size() + 1)));
      }
    }
  }
  return bytes;
}

TEST(Fuzz, SeedsAndTheirPrefixesAreSurvived) {
  for (const std::string& seed : HozenFuzzSeeds()) {
    for (size_t size = 0; size <= std::min<size_t>(seed.size(), 2000); ++size)
      RunExactly(std::string_view(seed).substr(0, size));
    RunExactly(seed);
  }
}

TEST(Fuzz, MutationsAreSurvived) {
  const std::vector<std::string> seeds = HozenFuzzSeeds();
  ASSERT_FALSE(seeds.empty());
  std::mt19937 random(20261122);
  for (int round = 0; round < kRounds; ++round) RunExactly(Mutated(seeds[round % seeds.size()], seeds, random));
}

}  // namespace
