#include "core/evidence/bundle.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace hozen {
namespace {

v1::Item File(uint64_t index, std::string path, std::string content) {
  v1::Item item;
  item.set_index(index);
  item.set_kind(v1::Item::KIND_FILE);
  item.set_path(std::move(path));
  item.set_has_stream(true);
  item.set_sha256(std::string(Sha256::Of(content).bytes()));
  return item;
}

TEST(BundleTest, FilesStandBelowUploadsAuto) {
  EXPECT_EQ(BundleEntryName(File(0, "/etc/passwd", "")), "uploads/auto/etc/passwd");
  EXPECT_EQ(BundleEntryName(File(0, "C:\\Windows\\a/b", "")), "uploads/auto/C%3A/Windows/a%2Fb");
  EXPECT_EQ(BundleEntryName(File(0, "/home/日本/メモ", "")), "uploads/auto/home/日本/メモ");
}

TEST(BundleTest, NoPathLeadsOutOfItsFolder) {
  EXPECT_EQ(BundleEntryName(File(0, "/../../etc/./x", "")), "uploads/auto/%2E%2E/%2E%2E/etc/%2E/x");
  EXPECT_EQ(BundleEntryName(File(0, "..\\..\\x", "")), "uploads/auto/%2E%2E/%2E%2E/x");
  EXPECT_EQ(BundleEntryName(File(0, "/a\\..\\b", "")), "uploads/auto/a%5C..%5Cb");
}

TEST(BundleTest, EveryByteOfAPartComesBack) {
  std::set<std::string> seen;
  std::string all;
  for (int byte = 0; byte < 256; ++byte) {
    for (const std::string& part :
         {std::string(1, static_cast<char>(byte)), std::string("a") + static_cast<char>(byte) + "z",
          std::string(1, static_cast<char>(byte)) + "." + static_cast<char>(byte)}) {
      const std::string escaped = EscapeEntryPart(part);
      EXPECT_EQ(UnescapeEntryPart(escaped), part);
      EXPECT_TRUE(seen.insert(escaped).second) << escaped;
      EXPECT_EQ(escaped.find('/'), std::string::npos);
    }
    all += static_cast<char>(byte);
  }
  EXPECT_EQ(UnescapeEntryPart(EscapeEntryPart(all)), all);
  EXPECT_EQ(EscapeEntryPart("\xed\xa0\x80"), "%ED%A0%80");  // a surrogate is not UTF-8
  EXPECT_EQ(EscapeEntryPart("\xc0\xaf"), "%C0%AF");         // nor is an overlong slash
  EXPECT_EQ(EscapeEntryPart("\xe6\x97"), "%E6%97");         // nor half a character
}

TEST(BundleTest, AnItemWhoseNameIsTakenByOtherBytesHasItsOwnEntry) {
  BundleNames names;
  EXPECT_EQ(names.Next(File(3, "/var/log/syslog", "one")).name, "uploads/auto/var/log/syslog");
  const BundleNames::Entry same = names.Next(File(5, "/var/log/syslog", "one"));
  EXPECT_EQ(same.name, "uploads/auto/var/log/syslog");
  EXPECT_TRUE(same.shared);
  const BundleNames::Entry other = names.Next(File(9, "/var//log/syslog", "two"));
  EXPECT_EQ(other.name, "uploads/item-9/var/log/syslog");
  EXPECT_FALSE(other.shared);
}

TEST(BundleTest, DisksCommandsAndListingsHaveTheirOwnFolders) {
  v1::Item item = File(7, "/dev/sda", "");
  item.set_kind(v1::Item::KIND_DISK);
  EXPECT_EQ(BundleEntryName(item), "uploads/raw_file/dev/sda");
  item.set_kind(v1::Item::KIND_LISTING);
  EXPECT_EQ(BundleEntryName(item), "hozen/listings/7.body");
  item.set_kind(v1::Item::KIND_COMMAND_OUTPUT);
  item.mutable_command()->set_command("/usr/bin/ss");
  EXPECT_EQ(BundleEntryName(item), "hozen/commands/7-ss");
  item.set_kind(v1::Item::KIND_STATE);
  item.set_path("volatile/clock.jsonl");
  EXPECT_EQ(BundleEntryName(item), "hozen/state/7-clock.jsonl");
  item.set_path("../../..");
  EXPECT_EQ(BundleEntryName(item), "hozen/state/7-%2E%2E");
}

TEST(BundleTest, APathTooLongForAZipIsNamedByItsIndex) {
  EXPECT_EQ(BundleEntryName(File(4, "/" + std::string(100'000, 'a'), "")), "uploads/item-4/unnamed");
  EXPECT_EQ(BundleEntryName(File(4, "///", "")), "uploads/item-4/unnamed");
  BundleNames names;
  EXPECT_NE(names.Next(File(4, "", "x")).name, names.Next(File(5, "", "x")).name);
}

}  // namespace
}  // namespace hozen
