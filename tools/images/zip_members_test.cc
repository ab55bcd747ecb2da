#include "tools/images/zip_members.h"

#include <gtest/gtest.h>

#include <map>

#include "core/base/concat.h"
#include "tools/images/testing_aff4.h"

namespace hozen {
namespace {

absl::StatusOr<std::map<std::string, std::string>> ReadZip(const std::string& file, uint64_t limit_bytes = 1 << 20) {
  const auto source = NewMemorySource(file);
  auto zip = ZipMembers::Open(*source);
  if (!zip.ok()) return zip.status();
  std::map<std::string, std::string> members;
  const absl::Status walked = zip->ForEach([&](std::string_view name, const ZipMember& member) {
    auto bytes = zip->Read(name, member, limit_bytes);
    if (!bytes.ok()) return bytes.status();
    members[std::string(name)] = *std::move(bytes);
    return absl::OkStatus();
  });
  if (!walked.ok()) return walked;
  EXPECT_EQ(zip->size(), members.size());
  return members;
}

const std::vector<TestingMember>& Two() {
  static const auto* const two = new std::vector<TestingMember>{
      {.name = "a", .bytes = "stored"}, {.name = "b", .bytes = std::string(1000, 'b'), .deflated = true}};
  return *two;
}

TEST(ZipMembersTest, FindsAndReads) {
  const std::map<std::string, std::string> expected = {{"a", "stored"}, {"b", std::string(1000, 'b')}};
  EXPECT_EQ(*ReadZip(TestingZip(Two())), expected);
  EXPECT_EQ(*ReadZip(TestingZip(Two(), "PK\x05\x06 as a comment")), expected);
  EXPECT_EQ(*ReadZip(TestingZip(Two(), std::string(0xFFFF, 'x'))), expected);
  EXPECT_TRUE(ReadZip(TestingZip({}))->empty());
  EXPECT_TRUE(absl::IsUnimplemented(ReadZip(TestingZip(Two()), 999).status()));
}

TEST(ZipMembersTest, ManyMembersAreReadThroughAWindow) {
  std::vector<TestingMember> many;
  for (int i = 0; i < 9000; ++i) many.push_back({.name = Concat("a member with a long name ", i), .bytes = Concat(i)});
  EXPECT_EQ(ReadZip(TestingZip(many))->size(), many.size());
}

TEST(ZipMembersTest, EveryByteOfItIsHarmless) {
  const std::string whole = TestingZip(Two());
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const char change : {'\x01', '\x80', '\xFF'}) {
      std::string file = whole;
      file[at] = static_cast<char>(file[at] ^ change);
      const auto members = ReadZip(file);
      if (members.ok()) {
        for (const auto& [name, bytes] : *members)
          EXPECT_TRUE(bytes == "stored" || bytes == std::string(1000, 'b')) << at;
      } else {
        EXPECT_TRUE(absl::IsDataLoss(members.status()) || absl::IsUnimplemented(members.status())) << members.status();
      }
    }
    EXPECT_FALSE(ReadZip(whole.substr(0, at)).ok());
  }
}

}  // namespace
}  // namespace hozen
