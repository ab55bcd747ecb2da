#include "tools/images/e01_image.h"

#include <gtest/gtest.h>
#include <stdio.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "core/base/concat.h"
#include "core/base/file.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;

std::string RunTool(const std::string& command) {
  std::string output;
  FILE* const pipe = popen((command + " 2>&1").c_str(), "r");
  char buffer[4096];
  for (size_t got = 0; (got = fread(buffer, 1, sizeof buffer, pipe)) > 0;) output.append(buffer, got);
  output += Concat("exit status ", pclose(pipe));
  return output;
}

class E01ImageTest : public ::testing::Test {
 protected:
  E01ImageTest()
      : folder_(fs::path(::testing::TempDir()) / ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }

  static std::string Disk(size_t size) {
    std::mt19937 random(7);
    std::string disk(size, '\0');
    // A third of it is zeros.
    for (size_t i = 0; i < size / 3; ++i) disk[i] = static_cast<char>(random());
    for (size_t i = size * 2 / 3; i < size; ++i) disk[i] = static_cast<char>(random());
    return disk;
  }

  ImageDescription Describe(const std::string& disk) const {
    ImageDescription description;
    description.size_bytes = disk.size();
    description.acquisition_id = "0011223344556677";
    description.evidence = "item 3";
    description.title = "/dev/sda of 東京-07";
    description.examiner = "bob";
    description.notes = "SHA-256 abc";
    description.software = "hozen 1";
    return description;
  }

  absl::Status Write(const std::string& disk, const ImageDescription& description, uint64_t segment_size_bytes) {
    auto writer = NewE01Writer(folder_ / "disk.E01", description, segment_size_bytes);
    if (!writer.ok()) return writer.status();
    const auto source = NewMemorySource(disk);
    absl::Status status = WriteImage(*source, **writer, [](uint64_t) {});
    if (!status.ok()) return status;
    for (const ImageFile& file : (*writer)->files()) fs::rename(file.written, file.name);
    return absl::OkStatus();
  }

  std::string ReadBack() {
    auto source = OpenE01(folder_ / "disk.E01");
    if (!source.ok()) return source.status().ToString();
    std::string bytes((*source)->size_bytes(), '\0');
    const auto got = (*source)->ReadAt(0, absl::MakeSpan(bytes.data(), bytes.size()));
    if (!got.ok()) return got.status().ToString();
    bytes.resize(*got);
    return bytes;
  }

  const fs::path folder_;
};

TEST_F(E01ImageTest, OthersVerifyItAndReadTheSameBytes) {
  const std::string disk = Disk(5 << 20);
  ImageDescription description = Describe(disk);
  description.missing = {{.offset_bytes = 2 << 20, .size_bytes = 1000, .unreadable = true},
                         {.offset_bytes = 3 << 20, .size_bytes = 4096, .unreadable = false}};
  ASSERT_TRUE(Write(disk, description, kDefaultSegmentBytes).ok());
  EXPECT_EQ(ReadBack(), disk);
  const std::string verified = RunTool(Concat("ewfverify -d sha1 ", (folder_ / "disk.E01").native()));
  EXPECT_NE(verified.find("ewfverify: SUCCESS"), std::string::npos) << verified;
  const std::string info = RunTool(Concat("ewfinfo ", (folder_ / "disk.E01").native()));
  for (const char* expected : {"0011223344556677", "item 3", "/dev/sda of 東京-07", "bob", "SHA-256 abc",
                               "MD5:", "SHA1:", "at sector(s): 4096 - 4097 number: 2"}) {
    EXPECT_NE(info.find(expected), std::string::npos) << expected << "\n" << info;
  }
  EXPECT_EQ(info.find("6144"), std::string::npos) << "what was not acquired is no error of the disk\n" << info;
  const std::string stat = RunTool(Concat("img_stat ", (folder_ / "disk.E01").native()));
  EXPECT_NE(stat.find(Concat("Size of data in bytes:\t", disk.size())), std::string::npos) << stat;
}

TEST_F(E01ImageTest, ALargeOneIsASetOfFiles) {
  const std::string disk = Disk(6 << 20);
  ASSERT_TRUE(Write(disk, Describe(disk), kSmallestSegmentBytes).ok());
  EXPECT_TRUE(fs::exists(folder_ / "disk.E04"));
  EXPECT_EQ(ReadBack(), disk);
  const std::string verified = RunTool(Concat("ewfverify ", (folder_ / "disk.E01").native()));
  EXPECT_NE(verified.find("ewfverify: SUCCESS"), std::string::npos) << verified;
  fs::remove(folder_ / "disk.E03");
  EXPECT_NE(ReadBack(), disk) << "a set with a hole is not read";
}

TEST_F(E01ImageTest, AFlippedBitIsSeen) {
  const std::string disk = Disk(1 << 20);
  ASSERT_TRUE(Write(disk, Describe(disk), kDefaultSegmentBytes).ok());
  std::fstream file(folder_ / "disk.E01", std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(100'000);
  const char byte = static_cast<char>(file.get());
  file.seekp(100'000);
  file.put(static_cast<char>(byte ^ 1));
  file.close();
  EXPECT_NE(ReadBack(), disk);
}

TEST_F(E01ImageTest, SectorsOf4096Bytes) {
  const std::string disk = Disk(1 << 20);
  ImageDescription description = Describe(disk);
  description.sector_size_bytes = 4096;
  ASSERT_TRUE(Write(disk, description, kDefaultSegmentBytes).ok());
  EXPECT_EQ(ReadBack(), disk);
  const std::string verified = RunTool(Concat("ewfverify ", (folder_ / "disk.E01").native()));
  EXPECT_NE(verified.find("ewfverify: SUCCESS"), std::string::npos) << verified;
}

TEST_F(E01ImageTest, WhatItCannotHoldIsRefused) {
  const std::string disk(513, 'x');
  EXPECT_TRUE(absl::IsInvalidArgument(Write(disk, Describe(disk), kDefaultSegmentBytes)));
  EXPECT_TRUE(absl::IsInvalidArgument(Write(Disk(512), Describe(Disk(512)), 1000)));
  EXPECT_TRUE(
      absl::IsInvalidArgument(NewE01Writer(folder_ / "disk.raw", Describe(Disk(512)), kDefaultSegmentBytes).status()));
}

TEST_F(E01ImageTest, WhatWasNotFinishedIsRemoved) {
  const std::string disk = Disk(1 << 20);
  {
    auto writer = NewE01Writer(folder_ / "disk.E01", Describe(disk), kDefaultSegmentBytes);
    ASSERT_TRUE(writer.ok()) << writer.status();
    ASSERT_TRUE((*writer)->Write(disk).ok());
    EXPECT_FALSE(fs::is_empty(folder_));
  }
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST(E01ExtensionTest, GoesOnWithLettersBehind99) {
  EXPECT_EQ(E01Extension(1), ".E01");
  EXPECT_EQ(E01Extension(99), ".E99");
  EXPECT_EQ(E01Extension(100), ".EAA");
  EXPECT_EQ(E01Extension(126), ".EBA");
  EXPECT_EQ(E01Extension(99 + 26 * 26), ".EZZ");
  EXPECT_EQ(E01Extension(100 + 26 * 26), ".FAA");
}

}  // namespace
}  // namespace hozen
