#include "agent/raw/raw_entries.h"

#include <sys/stat.h>

#include "gtest/gtest.h"

namespace hozen {
namespace {

constexpr uint64_t kDevice = 7;

v1::RawEntry File(const std::string& name) {
  v1::RawEntry entry;
  entry.set_name(name);
  entry.mutable_file()->set_mode(S_IFREG | 0644);
  entry.mutable_file()->set_inode(35);
  entry.set_allocation(v1::ALLOCATION_ALLOCATED);
  return entry;
}

void AddAttribute(v1::RawEntry& entry, uint32_t type, uint32_t id, const std::string& name, uint64_t size_bytes) {
  v1::RawAttribute& attribute = *entry.add_attributes();
  attribute.mutable_attribute()->set_type(type);
  attribute.mutable_attribute()->set_id(id);
  attribute.mutable_attribute()->set_name(name);
  attribute.set_size_bytes(size_bytes);
}

TEST(RawEntriesTest, AFileOfNtfsHasItsContentsAndAStreamForEachOther) {
  v1::RawEntry entry = File("a.txt");
  AddAttribute(entry, 16, 0, "", 72);
  AddAttribute(entry, 128, 2, "", 10);
  AddAttribute(entry, 128, 4, "Zone.Identifier", 26);
  const TreeEntry tree_entry = TreeEntryOf(entry, kDevice);
  EXPECT_EQ(tree_entry.type, FileType::kRegular);
  EXPECT_TRUE(tree_entry.has_contents);
  EXPECT_EQ(tree_entry.metadata->device(), kDevice);
  ASSERT_EQ(tree_entry.streams.size(), 2u);
  EXPECT_EQ(tree_entry.streams[0].name, ":$STANDARD_INFORMATION");
  EXPECT_FALSE(tree_entry.streams[0].is_data);
  EXPECT_EQ(tree_entry.streams[1].name, "Zone.Identifier");
  EXPECT_TRUE(tree_entry.streams[1].is_data);
  EXPECT_EQ(tree_entry.streams[1].size_bytes, 26u);
}

TEST(RawEntriesTest, AFileMayHaveNamedStreamsAlone) {
  v1::RawEntry entry = File("$Secure");
  AddAttribute(entry, 128, 8, "$SDS", 300'000);
  AddAttribute(entry, 160, 9, "$SII", 4096);
  const TreeEntry tree_entry = TreeEntryOf(entry, kDevice);
  EXPECT_FALSE(tree_entry.has_contents);
  ASSERT_EQ(tree_entry.streams.size(), 2u);
  EXPECT_EQ(tree_entry.streams[1].name, "$SII:$INDEX_ALLOCATION");
}

TEST(RawEntriesTest, ADeletedFileOfFatMayHaveASecondGuess) {
  v1::RawEntry entry = File("_rag1.dat");
  entry.set_allocation(v1::ALLOCATION_DELETED);
  AddAttribute(entry, 1, 0, "", 1584);
  entry.mutable_attributes(0)->set_overwritten_bytes(512);
  AddAttribute(entry, 1, 1, "around other deleted files", 1584);
  const TreeEntry tree_entry = TreeEntryOf(entry, kDevice);
  EXPECT_TRUE(tree_entry.has_contents);
  EXPECT_TRUE(tree_entry.is_deleted());
  EXPECT_EQ(tree_entry.overwritten_bytes, 512u);
  ASSERT_EQ(tree_entry.streams.size(), 1u);
  EXPECT_EQ(tree_entry.streams[0].name, "around other deleted files");
  EXPECT_TRUE(tree_entry.streams[0].is_data);
}

TEST(RawEntriesTest, ANameThatLeadsNowhereSaysSo) {
  v1::RawEntry entry;
  entry.set_name("gone");
  entry.set_allocation(v1::ALLOCATION_REALLOCATED);
  const TreeEntry tree_entry = TreeEntryOf(entry, kDevice);
  EXPECT_FALSE(tree_entry.metadata.has_value());
  EXPECT_EQ(tree_entry.problem, "its record cannot be read");
}

// Two files of one name may have been deleted from one folder: what tells them apart is all that is left.
TEST(RawEntriesTest, ANameThatLeadsNowhereSaysWhereItLed) {
  v1::RawEntry entry;
  entry.set_name("gone");
  entry.set_allocation(v1::ALLOCATION_REALLOCATED);
  entry.set_problem("its record 77 is another file's by now");
  entry.set_named_record(77);
  entry.set_named_sequence(3);
  const TreeEntry tree_entry = TreeEntryOf(entry, kDevice);
  EXPECT_FALSE(tree_entry.metadata.has_value());
  EXPECT_EQ(tree_entry.named_record, 77u);
  EXPECT_EQ(tree_entry.named_sequence, 3u);
}

}  // namespace
}  // namespace hozen
