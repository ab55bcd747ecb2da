#include "core/bytes/source.h"

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "core/base/file.h"
#include "core/base/testing_folder.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

std::string ReadOrDie(Source& source, uint64_t offset_bytes, size_t size) {
  std::string buffer(size, '?');
  const absl::StatusOr<size_t> got = source.ReadAt(offset_bytes, absl::MakeSpan(buffer.data(), size));
  EXPECT_TRUE(got.ok()) << got.status();
  buffer.resize(got.ok() ? *got : 0);
  return buffer;
}

std::filesystem::path NewName() {
  static const TestingFolder folder;
  static int count = 0;
  return folder / std::to_string(++count);
}

// An open file that holds `bytes`.
UniqueFd FileOf(const std::string& bytes, const std::filesystem::path& name = NewName()) {
  absl::StatusOr<UniqueFd> fd = LockFile(name);
  EXPECT_TRUE(fd.ok()) << fd.status();
  EXPECT_TRUE(WriteFully(fd->get(), bytes).ok());
  return *std::move(fd);
}

std::unique_ptr<Source> MakeFdSource(const std::string& bytes) { return NewFdSource(FileOf(bytes), bytes.size()); }
std::unique_ptr<Source> MakeMemorySource(const std::string& bytes) { return NewMemorySource(bytes); }

// What every source of this room keeps.
class SourceContractTest : public ::testing::TestWithParam<std::unique_ptr<Source> (*)(const std::string&)> {};

TEST_P(SourceContractTest, ReadsAtAnyOffset) {
  const std::unique_ptr<Source> source = GetParam()("0123456789");
  EXPECT_EQ(source->size_bytes(), 10u);
  EXPECT_EQ(ReadOrDie(*source, 0, 10), "0123456789");
  EXPECT_EQ(ReadOrDie(*source, 7, 2), "78");
  EXPECT_EQ(ReadOrDie(*source, 3, 1), "3") << "backwards, too";
}

TEST_P(SourceContractTest, GivesFewerBytesOnlyAtTheEnd) {
  const std::unique_ptr<Source> source = GetParam()("0123456789");
  EXPECT_EQ(ReadOrDie(*source, 8, 100), "89");
  EXPECT_EQ(ReadOrDie(*source, 10, 100), "");
  EXPECT_EQ(ReadOrDie(*source, 11, 100), "");
  EXPECT_EQ(ReadOrDie(*source, INT64_MAX, 100), "");
  EXPECT_EQ(ReadOrDie(*source, UINT64_MAX, 100), "");
}

TEST_P(SourceContractTest, AnEmptyBufferOrSourceGivesNothing) {
  EXPECT_EQ(ReadOrDie(*GetParam()("0123456789"), 5, 0), "");
  EXPECT_EQ(ReadOrDie(*GetParam()(""), 0, 10), "");
}

TEST_P(SourceContractTest, ThreadsMayReadAtTheSameTime) {
  std::string bytes;
  for (int i = 0; i < 100'000; ++i) bytes += static_cast<char>(i * 7 + i / 256);
  const std::unique_ptr<Source> source = GetParam()(bytes);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (size_t at = i * 100; at < bytes.size(); at += 997)
        EXPECT_EQ(ReadOrDie(*source, at, 64), bytes.substr(at, 64));
    });
  }
  for (std::thread& thread : threads) thread.join();
}

INSTANTIATE_TEST_SUITE_P(EachSource, SourceContractTest, ::testing::Values(&MakeFdSource, &MakeMemorySource),
                         [](const auto& each) { return each.index == 0 ? "Fd" : "Memory"; });

TEST(FdSourceTest, AGrowingFileHasMoreThanItsSizeSaid) {
  UniqueFd fd = FileOf("0123456789");
  const int writer = ::dup(fd.get());
  const std::unique_ptr<Source> source = NewFdSource(std::move(fd), 10);
  ASSERT_TRUE(WriteFullyAt(writer, "more", 10).ok());
  ::close(writer);
  EXPECT_EQ(source->size_bytes(), 10u);
  EXPECT_EQ(ReadOrDie(*source, 9, 100), "9more");
}

TEST(FdSourceTest, KnowsWhetherAFileWasWritten) {
  const std::filesystem::path name = NewName();
  UniqueFd fd = FileOf("0123456789", name);
  const int writer = ::dup(fd.get());
  std::filesystem::last_write_time(name, std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  const std::unique_ptr<Source> source = NewFdSource(std::move(fd), 10);
  EXPECT_EQ(ReadOrDie(*source, 0, 100), "0123456789");
  EXPECT_FALSE(source->WasWritten());
  ASSERT_TRUE(WriteFullyAt(writer, "x", 3).ok());
  ::close(writer);
  EXPECT_TRUE(source->WasWritten());
  EXPECT_FALSE(NewMemorySource("x")->WasWritten());
}

}  // namespace
}  // namespace hozen
