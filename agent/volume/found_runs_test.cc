// Runs as the child finds them, held against the bytes of the files that others wrote there.
#include "agent/volume/found_runs.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "agent/volume/volume_reader.h"
#include "core/base/concat.h"
#include "core/base/unique_fd.h"
#include "core/chunk/chunk.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMiB = 1 << 20;
constexpr size_t kMany = 100'000;

class FoundRunsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string folder = testing::TempDir() + "/runs.XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    std::minstd_rand random(3);
    large_.resize(3 * kMiB + 20'000);
    for (char& byte : large_) byte = static_cast<char>(random() >> 8);
    fs::create_directories(folder_ / "tree/etc");
    std::ofstream(folder_ / "tree/large", std::ios::binary) << large_;
    std::ofstream(folder_ / "tree/etc/passwd") << std::string(5000, 'p');
    for (int i = 0; i < 60; ++i) std::ofstream(folder_ / "tree" / Concat("file-", i)) << std::string(3000 + i, 'x');
  }
  void TearDown() override { fs::remove_all(folder_); }

  // What a tool prints; fails the test where it cannot be run.
  std::string Run(const std::string& command) {
    FILE* pipe = popen(Concat("PATH=$PATH:/usr/sbin:/sbin; cd ", folder_.string(), "; ", command).c_str(), "r");
    std::string output;
    char buffer[4096];
    while (const size_t size = fread(buffer, 1, sizeof(buffer), pipe)) output.append(buffer, size);
    EXPECT_EQ(pclose(pipe), 0) << command;
    return output;
  }

  void Open(const std::string& name) {
    std::ifstream stream(folder_ / name, std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(stream), {});
    disk_.Reset(open((folder_ / name).c_str(), O_RDONLY | O_CLOEXEC));
    VolumeReaderOptions options;
    options.executable =
        Concat(getenv("TEST_SRCDIR"), "/", getenv("TEST_WORKSPACE"), "/agent/volume/volume_reader_child");
    auto started = VolumeReader::Start(options, disk_.get(), bytes_.size(), 512);
    ASSERT_TRUE(started.ok()) << started.status();
    reader_ = *std::move(started);
  }

  FoundRuns<FileRun> FileRuns(RunQuery query) {
    auto found = reader_->FindFileRuns(query);
    EXPECT_TRUE(found.ok()) << found.status();
    return found.ok() ? *std::move(found) : FoundRuns<FileRun>();
  }

  // The plaintexts of all chunks that these runs cut the disk into.
  std::set<std::string> Chunks(std::vector<FileRun> runs) {
    Cutter cutter(0);
    cutter.AddZone(bytes_.size(), std::move(runs), {});
    std::map<uint64_t, std::map<uint64_t, std::string>> open;
    std::set<std::string> chunks;
    while (true) {
      const uint64_t at = cutter.offset_bytes();
      const std::optional<CutPart> part = cutter.Next();
      if (!part.has_value()) break;
      auto& pieces = open[part->chunk];
      pieces[part->position] = bytes_.substr(at, part->size_bytes);
      if (!part->last) continue;
      std::string chunk;
      for (const auto& [position, piece] : pieces) chunk += piece;
      chunks.insert(std::move(chunk));
    }
    return chunks;
  }

  // Each MiB of the file is a chunk, the last one up to the end of its block.
  void ExpectCutAsAFile(const std::set<std::string>& chunks, uint64_t block_bytes) {
    for (uint64_t at = 0; at < large_.size(); at += kMiB) {
      std::string expected = large_.substr(at, kMiB);
      expected.resize((expected.size() + block_bytes - 1) / block_bytes * block_bytes, '\0');
      EXPECT_TRUE(chunks.contains(expected)) << "the MiB at " << at;
    }
  }

  fs::path folder_;
  std::string large_;
  std::string bytes_;
  UniqueFd disk_;
  std::unique_ptr<VolumeReader> reader_;
};

TEST_F(FoundRunsTest, Ext4IsCutAlongItsFiles) {
  Run("truncate -s 40M image && mke2fs -q -F -t ext4 -b 4096 -d tree image");
  Open("image");
  const FoundRuns<FileRun> found = FileRuns({.most_runs = kMany});
  EXPECT_TRUE(found.complete);
  EXPECT_EQ(found.end_bytes, bytes_.size());
  ExpectCutAsAFile(Chunks(found.runs), 4096);
  // /etc/passwd is worth something; so are tables and folders.
  std::string passwd(5000, 'p');
  passwd.resize(8192, '\0');
  std::vector<FileRun> valuable = FileRuns({.most_runs = kMany, .valuable_only = true}).runs;
  EXPECT_TRUE(Chunks(valuable).contains(passwd));
  EXPECT_LT(valuable.size(), found.runs.size());
  for (const FileRun& run : valuable) EXPECT_NE(run.rank, 0);
}

TEST_F(FoundRunsTest, AFragmentedFileIsTheSameChunks) {
  // Filled with small files, of which every second is removed: the large one then lies in the gaps.
  Run("truncate -s 40M image && mke2fs -q -F -t ext4 -b 1024 image && mkdir holes && for i in $(seq 200); do "
      "head -c 160K /dev/zero | tr '\\0' y > holes/$i; echo \"write holes/$i $i\"; done > script; "
      "for i in $(seq 1 2 199); do echo \"rm $i\"; done >> script; echo 'write tree/large large' >> script; "
      "debugfs -w -f script image > log 2>&1");
  Open("image");
  const FoundRuns<FileRun> found = FileRuns({.most_runs = kMany});
  const bool fragmented =
      std::any_of(found.runs.begin(), found.runs.end(), [](const FileRun& run) { return run.group != 0; });
  EXPECT_TRUE(fragmented) << "the disk is no test";
  ExpectCutAsAFile(Chunks(found.runs), 1024);
}

TEST_F(FoundRunsTest, NtfsIsCutAlongItsFilesAndItsTablesAreWorthMost) {
  Run("truncate -s 30M image && mkntfs -q -F -s 512 -c 4096 image && ntfscp -q image tree/large large");
  Open("image");
  const FoundRuns<FileRun> found = FileRuns({.most_runs = kMany});
  ExpectCutAsAFile(Chunks(found.runs), 4096);
  // istat says where $MFT begins.
  const std::string first = Run("istat image 0 | grep -A1 'Type: \\$DATA' | tail -1 | cut -d' ' -f1");
  const uint64_t offset = std::stoull(first) * 4096;
  const bool has_mft = std::any_of(found.runs.begin(), found.runs.end(),
                                   [&](const FileRun& run) { return run.offset_bytes == offset && run.rank == 1; });
  EXPECT_TRUE(has_mft) << first;
}

TEST_F(FoundRunsTest, FatIsCutAlongItsFiles) {
  Run("truncate -s 30M image && mkfs.fat -s 4 image > log && mcopy -i image tree/large ::large");
  Open("image");
  ExpectCutAsAFile(Chunks(FileRuns({.most_runs = kMany}).runs), 2048);
}

TEST_F(FoundRunsTest, AnswersOfBoundedLengthFollowEachOther) {
  Run("truncate -s 40M image && mke2fs -q -F -t ext4 -b 4096 -d tree image");
  Open("image");
  const FoundRuns<FileRun> all = FileRuns({.most_runs = kMany});
  std::map<uint64_t, uint64_t> covered;
  uint64_t from = 0;
  for (int answers = 0;; ++answers) {
    ASSERT_LT(answers, 1000);
    const FoundRuns<FileRun> some = FileRuns({.from_bytes = from, .most_runs = 7});
    EXPECT_LE(some.runs.size(), 7u);
    for (const FileRun& run : some.runs) covered[run.offset_bytes] = run.size_bytes;
    if (some.complete) break;
    ASSERT_GT(some.end_bytes, from);
    from = some.end_bytes;
  }
  uint64_t bytes = 0;
  for (const FileRun& run : all.runs) bytes += run.size_bytes;
  EXPECT_GT(bytes, 3 * kMiB);
  for (const FileRun& run : all.runs) EXPECT_TRUE(covered.contains(run.offset_bytes)) << run.offset_bytes;
}

TEST_F(FoundRunsTest, WhatIsFreeIsWhatTheFileSystemSaysItIs) {
  Run("truncate -s 40M image && mke2fs -q -F -t ext4 -b 4096 -d tree image");
  Open("image");
  const auto found = reader_->FindFreeRuns({.most_runs = kMany});
  ASSERT_TRUE(found.ok()) << found.status();
  uint64_t bytes = 0;
  for (const ByteRange& range : found->runs) bytes += range.size_bytes;
  EXPECT_EQ(bytes, std::stoull(Run("dumpe2fs -h image 2>/dev/null | grep '^Free blocks' | tr -dc 0-9")) * 4096);
}

TEST_F(FoundRunsTest, WhereThereIsNoFileSystemThereAreNoRuns) {
  std::ofstream(folder_ / "image", std::ios::binary) << large_;
  Open("image");
  EXPECT_TRUE(absl::IsNotFound(reader_->FindFileRuns({.most_runs = kMany}).status()));
  EXPECT_TRUE(absl::IsNotFound(reader_->FindFreeRuns({.offset_bytes = 1 << 30, .most_runs = kMany}).status()));
}

}  // namespace
}  // namespace hozen
