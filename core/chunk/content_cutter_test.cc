#include "core/chunk/content_cutter.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

namespace hozen {
namespace {

std::vector<std::string> Cut(std::string_view bytes) {
  std::vector<std::string> chunks;
  while (!bytes.empty()) {
    const size_t size = FirstContentChunk(bytes);
    chunks.emplace_back(bytes.substr(0, size == 0 ? bytes.size() : size));
    bytes.remove_prefix(chunks.back().size());
  }
  return chunks;
}

std::string Text(int lines) {
  std::mt19937 random(20261125);
  std::string text;
  for (int i = 0; i < lines; ++i) text += "0|/usr/lib/" + std::to_string(random()) + "|1|r/rrw-r--r--|0|0|5|1|2|3|4\n";
  return text;
}

TEST(ContentCutterTest, ChunksHaveTheSizesThatAreSaid) {
  const std::string text = Text(100'000);
  const std::vector<std::string> chunks = Cut(text);
  for (size_t i = 0; i + 1 < chunks.size(); ++i) {
    EXPECT_GE(chunks[i].size(), kLeastContentChunkBytes);
    EXPECT_LE(chunks[i].size(), kMostContentChunkBytes);
  }
  EXPECT_GT(chunks.size(), text.size() / (2 * kUsualContentChunkBytes));
  EXPECT_LT(chunks.size(), text.size() / (kUsualContentChunkBytes / 2));
}

TEST(ContentCutterTest, AChangeIsFeltOnlyWhereItIs) {
  std::string text = Text(100'000);
  const std::vector<std::string> before = Cut(text);
  text.insert(text.size() / 3, "a line that is new\n");
  text.erase(text.size() / 2, 100);
  text[text.size() - text.size() / 4] ^= 1;
  const std::set<std::string> known(before.begin(), before.end());
  int unknown = 0;
  const std::vector<std::string> after = Cut(text);
  for (const std::string& chunk : after) unknown += known.count(chunk) == 0 ? 1 : 0;
  EXPECT_GE(unknown, 2);
  EXPECT_LE(unknown, 9);
}

TEST(ContentCutterTest, WhatStandsBehindAChunkDoesNotMatter) {
  const std::string text = Text(5'000);
  const size_t size = FirstContentChunk(text);
  ASSERT_GT(size, 0u);
  EXPECT_EQ(FirstContentChunk(std::string_view(text).substr(0, size)), size);
  EXPECT_EQ(FirstContentChunk(std::string_view(text).substr(0, size - 1)), 0u) << "it cannot be told yet";
}

TEST(ContentCutterTest, ShortAndMonotonousStreams) {
  EXPECT_EQ(FirstContentChunk(""), 0u);
  EXPECT_EQ(FirstContentChunk(std::string(kLeastContentChunkBytes - 1, 'x')), 0u);
  for (const char c : {'\0', 'x', '\xff'}) {
    const size_t size = FirstContentChunk(std::string(kMostContentChunkBytes, c));
    EXPECT_GT(size, kLeastContentChunkBytes - 1);
    EXPECT_LE(size, kMostContentChunkBytes);
  }
}

}  // namespace
}  // namespace hozen
