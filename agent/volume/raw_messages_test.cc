#include "agent/volume/raw_messages.h"

#include <google/protobuf/message.h>
#include <google/protobuf/unknown_field_set.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "agent/volume/channel.h"

namespace hozen {
namespace {

v1::RawEntry Honest() {
  v1::RawEntry entry;
  entry.set_name("name");
  entry.set_allocation(v1::ALLOCATION_ALLOCATED);
  entry.mutable_file()->set_size_bytes(100);
  v1::RawAttribute& attribute = *entry.add_attributes();
  attribute.set_size_bytes(100);
  attribute.mutable_attribute()->set_type(128);
  attribute.mutable_attribute()->set_id(3);
  return entry;
}

void AddUnknown(google::protobuf::Message& message) {
  message.GetReflection()->MutableUnknownFields(&message)->AddVarint(900, 1);
}

bool IsTaken(const v1::RawEntry& entry, RawName name = RawName::kNamed) {
  std::string payload;
  AppendEntry(entry, payload);
  std::string_view rest = payload;
  v1::RawEntry taken;
  return TakeEntry(rest, name, taken) && rest.empty();
}

TEST(RawMessages, EntriesComeBackInTheirOrder) {
  v1::RawEntry second = Honest();
  second.set_name("\xff not UTF-8");
  second.set_problem("something");
  std::string payload;
  AppendEntry(Honest(), payload);
  AppendEntry(second, payload);
  std::string_view rest = payload;
  v1::RawEntry entry;
  ASSERT_TRUE(TakeEntry(rest, RawName::kNamed, entry));
  EXPECT_EQ(entry.SerializeAsString(), Honest().SerializeAsString());
  ASSERT_TRUE(TakeEntry(rest, RawName::kNamed, entry));
  EXPECT_EQ(entry.SerializeAsString(), second.SerializeAsString());
  EXPECT_TRUE(rest.empty());
  EXPECT_FALSE(TakeEntry(rest, RawName::kNamed, entry));
}

TEST(RawMessages, NamesThatLeadElsewhereAreRefused) {
  for (const std::string& name : {std::string(), std::string("."), std::string(".."), std::string("a/b"),
                                  std::string("/"), std::string("a\0b", 3), std::string(4097, 'n')}) {
    v1::RawEntry entry = Honest();
    entry.set_name(name);
    EXPECT_FALSE(IsTaken(entry)) << name;
  }
  EXPECT_FALSE(IsTaken(Honest(), RawName::kUnnamed));
  v1::RawEntry unnamed = Honest();
  unnamed.clear_name();
  EXPECT_TRUE(IsTaken(unnamed, RawName::kUnnamed));
}

TEST(RawMessages, WhatCannotBeIsRefused) {
  const std::function<void(v1::RawEntry&)> lies[] = {
      [](v1::RawEntry& entry) { entry.set_allocation(v1::ALLOCATION_UNSPECIFIED); },
      [](v1::RawEntry& entry) { entry.set_allocation(static_cast<v1::Allocation>(77)); },
      [](v1::RawEntry& entry) { AddUnknown(entry); },
      [](v1::RawEntry& entry) { AddUnknown(*entry.mutable_file()); },
      [](v1::RawEntry& entry) { AddUnknown(*entry.mutable_attributes(0)); },
      [](v1::RawEntry& entry) { entry.mutable_file()->set_size_bytes(uint64_t{1} << 63); },
      [](v1::RawEntry& entry) { entry.mutable_file()->set_allocated_bytes(~uint64_t{0}); },
      [](v1::RawEntry& entry) { entry.mutable_file()->set_link_target(std::string(4097, 'l')); },
      [](v1::RawEntry& entry) { entry.set_problem("\x1b[2J"); },
      [](v1::RawEntry& entry) { entry.mutable_attributes(0)->set_size_bytes(uint64_t{1} << 63); },
      [](v1::RawEntry& entry) { entry.mutable_attributes(0)->set_overwritten_bytes(uint64_t{1} << 63); },
      [](v1::RawEntry& entry) { entry.mutable_attributes(0)->mutable_attribute()->set_skipped_bytes(101); },
      [](v1::RawEntry& entry) { entry.mutable_attributes(0)->mutable_attribute()->set_id(0x10000); },
      [](v1::RawEntry& entry) { entry.mutable_attributes(0)->mutable_attribute()->set_name(std::string(4097, 'a')); },
  };
  ASSERT_TRUE(IsTaken(Honest()));
  for (size_t i = 0; i < std::size(lies); ++i) {
    v1::RawEntry entry = Honest();
    lies[i](entry);
    EXPECT_FALSE(IsTaken(entry)) << i;
  }
}

TEST(RawMessages, AnEntryOfTooMuchIsToldWithoutItsAttributes) {
  v1::RawEntry entry = Honest();
  for (int i = 0; i < 20; ++i) entry.add_attributes()->mutable_attribute()->set_name(std::string(4000, 'a'));
  std::string payload;
  AppendEntry(entry, payload);
  EXPECT_LE(payload.size(), kMostEntryBytes);
  std::string_view rest = payload;
  v1::RawEntry taken;
  ASSERT_TRUE(TakeEntry(rest, RawName::kNamed, taken));
  EXPECT_EQ(taken.name(), "name");
  EXPECT_EQ(taken.attributes_size(), 0);
  EXPECT_NE(taken.problem(), "");
}

TEST(RawMessages, FileSystemsComeBackAndThoseThatCannotBeAreRefused) {
  const RawFileSystem honest = {
      .type = "ntfs", .block_size_bytes = 4096, .ignores_case = true, .label = "D", .uuid = "1"};
  std::string payload;
  AppendFileSystem(honest, payload);
  std::string_view rest = payload;
  RawFileSystem taken;
  ASSERT_TRUE(TakeFileSystem(rest, taken));
  EXPECT_TRUE(rest.empty());
  EXPECT_EQ(taken.type, honest.type);
  EXPECT_EQ(taken.block_size_bytes, honest.block_size_bytes);
  EXPECT_TRUE(taken.ignores_case);
  EXPECT_EQ(taken.label, honest.label);
  EXPECT_EQ(taken.uuid, honest.uuid);
  for (size_t size = 0; size < payload.size(); ++size) {
    rest = std::string_view(payload).substr(0, size);
    EXPECT_FALSE(TakeFileSystem(rest, taken)) << size;
  }
  for (const RawFileSystem& lie : {RawFileSystem{.type = "ntfs", .block_size_bytes = 0},
                                   RawFileSystem{.type = "ntfs", .block_size_bytes = 512, .label = "\x1b[2J"}}) {
    payload.clear();
    AppendFileSystem(lie, payload);
    rest = payload;
    EXPECT_FALSE(TakeFileSystem(rest, taken));
  }
}

}  // namespace
}  // namespace hozen
