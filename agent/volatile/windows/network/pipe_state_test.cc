#include "agent/volatile/windows/network/pipe_state.h"

#include <windows.h>

#include <cstring>
#include <string>

#include "core/base/windows_handle.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string Entry(std::wstring_view name, uint64_t instances, uint64_t most, uint32_t next) {
  std::string bytes(64, '\0');
  const auto size = static_cast<uint32_t>(name.size() * sizeof(wchar_t));
  std::memcpy(bytes.data(), &next, sizeof(next));
  std::memcpy(bytes.data() + 40, &instances, sizeof(instances));
  std::memcpy(bytes.data() + 48, &most, sizeof(most));
  std::memcpy(bytes.data() + 60, &size, sizeof(size));
  return bytes.append(reinterpret_cast<const char*>(name.data()), size);
}

TEST(ParsePipeListingTest, NamesAndInstances) {
  std::string bytes = Entry(L"evil\x1b", 2, UINT64_MAX, 80);
  bytes.resize(80);
  const std::vector<v1::NamedPipe> pipes = ParsePipeListing(bytes + Entry(L"two", 1, 3, 0));
  ASSERT_THAT(pipes, SizeIs(2));
  EXPECT_EQ(pipes[0].name(), "evil\\x1b");
  EXPECT_EQ(pipes[0].instances(), 2u);
  EXPECT_FALSE(pipes[0].has_most_instances());
  EXPECT_EQ(pipes[1].most_instances(), 3u);
}

TEST(ParsePipeListingTest, WhateverTheBytesAreItEnds) {
  const std::string whole = Entry(L"name", 1, 1, 0);
  EXPECT_THAT(ParsePipeListing(""), IsEmpty());
  for (size_t size = 0; size < whole.size(); ++size) EXPECT_THAT(ParsePipeListing(whole.substr(0, size)), IsEmpty());
  // Back to itself, into the middle, and out of it.
  for (const uint32_t next : {1u, 63u, 73u, 4096u, UINT32_MAX}) {
    EXPECT_THAT(ParsePipeListing(Entry(L"name", 1, 1, next)), SizeIs(1)) << next;
  }
  std::string large = whole;
  std::memset(large.data() + 60, 0xFF, 4);
  EXPECT_THAT(ParsePipeListing(large), IsEmpty());
}

TEST(PipeStateTest, APipeIsListed) {
  const WindowsHandle pipe(
      ::CreateNamedPipeW(L"\\\\.\\pipe\\hozen test", PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE, 7, 4096, 4096, 0, nullptr));
  ASSERT_TRUE(pipe.valid());
  const StateContext context;
  const std::vector<v1::VolatileRecord> records = PipeRecords(context);
  if (records.size() == 1 && records[0].has_missing()) {
    GTEST_SKIP() << "this system does not list pipes: " << records[0].ShortDebugString();
  }
  bool found = false;
  for (const v1::VolatileRecord& record : records) {
    if (record.named_pipe().name() != "hozen test") continue;
    found = true;
    EXPECT_EQ(record.named_pipe().instances(), 1u);
    EXPECT_EQ(record.named_pipe().most_instances(), 7u);
  }
  EXPECT_TRUE(found);
}

}  // namespace
}  // namespace hozen
