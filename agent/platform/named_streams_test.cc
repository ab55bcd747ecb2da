#include "agent/platform/named_streams.h"

#include <random>
#include <string>

#include "core/base/testing_utf16.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

std::string Number(uint64_t number, size_t size) {
  std::string bytes;
  for (size_t i = 0; i < size; ++i) bytes += static_cast<char>(number >> (8 * i));
  return bytes;
}

std::string Entry(const std::u16string& name, uint64_t size_bytes, bool is_last = false) {
  const std::string utf16 = Utf16(name);
  std::string rest = Number(utf16.size(), 4) + Number(size_bytes, 8) + Number(4096, 8) + utf16;
  while (!is_last && (rest.size() + 4) % 8 != 0) rest += '\0';
  return Number(is_last ? 0 : rest.size() + 4, 4) + rest;
}

std::vector<std::string> Names(const std::string& bytes) {
  const absl::StatusOr<std::vector<NamedStream>> streams = ParseStreamInformation(bytes);
  EXPECT_TRUE(streams.ok()) << streams.status();
  std::vector<std::string> names;
  if (!streams.ok()) return names;
  for (const NamedStream& stream : *streams) names.push_back(stream.name);
  return names;
}

TEST(NamedStreamsTest, AreThoseWithANameThatHoldData) {
  const std::string bytes = Entry(u"::$DATA", 7) + Entry(u":Zone.Identifier:$DATA", 0x1'0000'0001) +
                            Entry(u":x:$INDEX_ALLOCATION", 1) + Entry(u":保:$data", 0, true);
  EXPECT_THAT(Names(bytes), ::testing::ElementsAre("Zone.Identifier", "保"));
  EXPECT_EQ(ParseStreamInformation(bytes)->front().size_bytes, 0x1'0000'0001u);
  EXPECT_EQ(ParseStreamInformation(bytes)->front().allocated_bytes, 4096u);
  EXPECT_THAT(Names(""), ::testing::IsEmpty());
  EXPECT_THAT(Names(Entry(u"$DATA", 1, true)), ::testing::IsEmpty());
}

TEST(NamedStreamsTest, HalfACharacterIsAName) {
  EXPECT_THAT(Names(Entry({u':', 0xD83D, u':', u'$', u'D', u'A', u'T', u'A'}, 1, true)),
              ::testing::ElementsAre("\xED\xA0\xBD"));
}

TEST(NamedStreamsTest, AListThatLeadsOutOfItsBytesIsDamaged) {
  const std::string whole = Entry(u":a:$DATA", 1) + Entry(u":b:$DATA", 1, true);
  std::string out = whole;
  out[0] = '\xFF';
  EXPECT_TRUE(absl::IsDataLoss(ParseStreamInformation(out).status()));
  out = whole;
  out[0] = '\1';
  EXPECT_TRUE(absl::IsDataLoss(ParseStreamInformation(out).status()));
  out = whole;
  out[7] = '\x80';
  EXPECT_TRUE(absl::IsDataLoss(ParseStreamInformation(out).status()));
  for (size_t size = 1; size < whole.size(); ++size) ParseStreamInformation(whole.substr(0, size)).IgnoreError();
}

TEST(NamedStreamsTest, WhateverTheBytesItEnds) {
  std::mt19937 random(7);
  const std::string whole = Entry(u":a:$DATA", 1) + Entry(u":b:$DATA", 1) + Entry(u":c:$DATA", 1, true);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = whole;
    for (int i = 0; i < 3; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
    if (const auto streams = ParseStreamInformation(bytes); streams.ok()) {
      EXPECT_LE(streams->size(), 3u);
    }
  }
}

TEST(NamedStreamsTest, OfManyTheFirstAreTold) {
  std::string bytes;
  for (size_t i = 0; i <= kMostNamedStreams; ++i) bytes += Entry(u":a:$DATA", 1);
  bytes += Entry(u":b:$DATA", 1, true);
  EXPECT_EQ(Names(bytes).size(), kMostNamedStreams);
}

}  // namespace
}  // namespace hozen
