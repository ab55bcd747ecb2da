#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "agent/acquire/acquire.h"
#include "agent/acquire/failure.h"
#include "agent/acquire/fake_item_sink.h"
#include "core/base/concat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class AcquireListingTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string folder = testing::TempDir() + "/listing.XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    root_ = folder;
    options_.root = folder;
  }
  void TearDown() override { fs::remove_all(root_); }

  void Write(const std::string& path, const std::string& bytes) {
    fs::create_directories((root_ + path).substr(0, (root_ + path).rfind('/')));
    std::ofstream(root_ + path, std::ios::binary) << bytes;
  }

  absl::StatusOr<v1::TargetOutcome> Acquire(const std::string& path) {
    v1::Target target;
    target.mutable_listing()->set_path(path);
    return AcquireListing(target, options_, sink_);
  }

  // The one item of a listing of `path`.
  const FakeItemSink::Taken& List(const std::string& path) {
    const absl::StatusOr<v1::TargetOutcome> outcome = Acquire(path);
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    EXPECT_TRUE(!outcome.ok() || !outcome->has_failure());
    static const auto& none = *new FakeItemSink::Taken();
    EXPECT_EQ(sink_.taken.size(), 1u);
    return sink_.taken.empty() ? none : sink_.taken.back();
  }

  static std::vector<std::string> Fields(const std::string& line) {
    std::vector<std::string> fields(1);
    for (const char c : line) {
      if (c == '|') {
        fields.emplace_back();
      } else {
        fields.back() += c;
      }
    }
    return fields;
  }

  // By name.
  static std::map<std::string, std::vector<std::string>> Lines(const std::string& bytes) {
    std::map<std::string, std::vector<std::string>> lines;
    size_t begin = 0;
    for (size_t end = bytes.find('\n'); end != std::string::npos; begin = end + 1, end = bytes.find('\n', begin)) {
      const std::vector<std::string> fields = Fields(bytes.substr(begin, end - begin));
      EXPECT_EQ(fields.size(), 11u) << bytes.substr(begin, end - begin);
      EXPECT_TRUE(lines.emplace(fields[1], fields).second) << fields[1] << " stands there twice";
    }
    EXPECT_EQ(begin, bytes.size()) << "the last line has its newline";
    return lines;
  }

  static std::vector<std::string> Names(const std::string& bytes) {
    std::vector<std::string> names;
    for (const auto& [name, fields] : Lines(bytes)) names.push_back(name);
    return names;
  }

  std::string root_;
  AcquireOptions options_;
  FakeItemSink sink_;
};

TEST_F(AcquireListingTest, HasALineForEverythingAndReadsNothing) {
  Write("/a/file", "12345");
  Write("/a/line\nbreak", "");
  Write("/a/bytes-\xff", "");
  fs::create_hard_link(root_ + "/a/file", root_ + "/a/same");
  fs::create_symlink("../a", root_ + "/a/link");
  ASSERT_EQ(mkfifo((root_ + "/a/fifo").c_str(), 0600), 0);
  ASSERT_EQ(chmod((root_ + "/a/file").c_str(), 04751), 0);
  const timespec times[2] = {{.tv_sec = 1'000'000'001, .tv_nsec = 999'999'999},
                             {.tv_sec = 1'000'000'002, .tv_nsec = 5}};
  ASSERT_EQ(utimensat(AT_FDCWD, (root_ + "/a/file").c_str(), times, 0), 0);
  struct stat file = {};
  ASSERT_EQ(stat((root_ + "/a/file").c_str(), &file), 0);

  const FakeItemSink::Taken& taken = List("/");
  EXPECT_EQ(taken.item.kind(), v1::Item::KIND_LISTING);
  EXPECT_EQ(taken.item.path(), "listing.bodyfile");
  EXPECT_TRUE(taken.until_end);
  EXPECT_TRUE(taken.error.ok()) << taken.error;
  const auto lines = Lines(taken.bytes);
  EXPECT_THAT(Names(taken.bytes), ElementsAre("/", "/a", "/a/bytes-\xff", "/a/fifo", "/a/file", "/a/line^break",
                                              "/a/link -> ../a", "/a/same"));
  EXPECT_THAT(lines.at("/a/file"),
              ElementsAre("0", "/a/file", Concat(file.st_ino), "r/rrwsr-x--x", Concat(file.st_uid), Concat(file.st_gid),
                          "5", "1000000001", "1000000002", Concat(file.st_ctim.tv_sec), testing::_));
  EXPECT_EQ(lines.at("/a/same")[2], Concat(file.st_ino)) << "a second name of the same file";
  EXPECT_EQ(lines.at("/a/fifo")[3], "p/prw-------");
  EXPECT_EQ(lines.at("/a/link -> ../a")[3].substr(0, 3), "l/l");
  struct stat after = {};
  ASSERT_EQ(stat((root_ + "/a/file").c_str(), &after), 0);
  EXPECT_EQ(after.st_atim.tv_sec, 1'000'000'001);
  ASSERT_EQ(sink_.traces.size(), 1u);
  EXPECT_EQ(sink_.traces[0].path(), "/a/link");
}

TEST_F(AcquireListingTest, OfAFolderWhoseNameLooksLikeAPattern) {
  Write("/c*[a]?/in", "");
  Write("/cx/out", "");
  const FakeItemSink::Taken& taken = List("/c*[a]?/");
  EXPECT_EQ(taken.item.path(), "listing/c*[a]?.bodyfile");
  EXPECT_THAT(Names(taken.bytes), ElementsAre("/c*[a]?", "/c*[a]?/in"));
}

TEST_F(AcquireListingTest, WhatCannotBeLookedIntoIsCountedAndStaysInTheListing) {
  for (const std::string name : {"/deep/1/2/3", "/deeper/1/2", "/wide/1"}) Write(name + "/file", "");
  options_.depth = 2;
  const FakeItemSink::Taken& taken = List("/");
  EXPECT_THAT(Names(taken.bytes), ElementsAre("/", "/deep", "/deep/1", "/deep/1/2", "/deeper", "/deeper/1",
                                              "/deeper/1/2", "/wide", "/wide/1", "/wide/1/file"));
  const v1::Failure failure = FailureOf(taken.error);
  EXPECT_EQ(failure.cause(), v1::CAUSE_LIMIT_DEPTH);
  EXPECT_THAT(failure.detail(), HasSubstr("of 10 names, 2 could not be looked at or into: 2 limit_depth; the first: "
                                          "/deep/1/2 (limit_depth), /deeper/1/2 (limit_depth)"));
}

TEST_F(AcquireListingTest, WhatTheOwnerRefusesIsToldAndTheAgentsOwnFolderIsLeftOut) {
  Write("/secret/a", "");
  Write("/state/b", "");
  Write("/open", "");
  options_.refused_paths = {"/secret"};
  options_.state_folder = root_ + "/state";
  const FakeItemSink::Taken& taken = List("/");
  EXPECT_THAT(Names(taken.bytes), ElementsAre("/", "/open", "/secret", "/state"));
  const v1::Failure failure = FailureOf(taken.error);
  EXPECT_EQ(failure.cause(), v1::CAUSE_REFUSED_BY_POLICY);
  EXPECT_THAT(failure.detail(), HasSubstr("of 4 names, 1 could"));
}

TEST_F(AcquireListingTest, WithoutAFolderThereIsNothingAndACause) {
  Write("/file", "");
  for (const auto& [path, cause] : std::initializer_list<std::pair<std::string, v1::Cause>>{
           {"/nowhere", v1::CAUSE_NOT_FOUND}, {"/file", v1::CAUSE_NOT_FOUND}, {"/no*where", v1::CAUSE_NOT_FOUND}}) {
    sink_.taken.clear();
    const FakeItemSink::Taken& taken = List(path);
    EXPECT_THAT(taken.bytes, IsEmpty()) << path;
    EXPECT_EQ(FailureOf(taken.error).cause(), cause) << path << ": " << taken.error;
  }
  for (const std::string path : {"relative", "", "/a/../b"}) {
    sink_.taken.clear();
    const absl::StatusOr<v1::TargetOutcome> outcome = Acquire(path);
    ASSERT_TRUE(outcome.ok());
    EXPECT_EQ(outcome->failure().cause(), v1::CAUSE_NOT_SUPPORTED) << path;
    EXPECT_TRUE(sink_.taken.empty());
  }
}

TEST_F(AcquireListingTest, ALinkIsFollowedWhereTheListingBegins) {
  Write("/real/in", "");
  fs::create_symlink("real", root_ + "/link");
  EXPECT_THAT(Names(List("/link").bytes), ElementsAre("/link -> real", "/link/in"));
}

TEST_F(AcquireListingTest, StopsWhenTheSinkSaysSoAndKeepsWhatItHas) {
  for (int i = 0; i < 50; ++i) Write(Concat("/f/", i), "");
  v1::Failure deadline = MakeFailure(v1::CAUSE_DEADLINE, "the plan's deadline passed");
  sink_.poll_status = StatusOf(deadline, absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(absl::IsDeadlineExceeded(Acquire("/").status()));
  ASSERT_EQ(sink_.taken.size(), 1u);
  EXPECT_THAT(Names(sink_.taken[0].bytes), ElementsAre("/"));
  EXPECT_EQ(FailureOf(sink_.taken[0].error).cause(), v1::CAUSE_DEADLINE);
}

TEST_F(AcquireListingTest, AReaderThatHasEnoughEndsTheWalk) {
  for (int i = 0; i < 3000; ++i) Write(Concat("/folder/with-a-long-name-that-fills-lines-", i), "");
  sink_.most_bytes = 1;
  sink_.status = absl::ResourceExhaustedError("the plan's limit");
  EXPECT_TRUE(absl::IsResourceExhausted(Acquire("/").status()));
  EXPECT_LT(sink_.polls, 3000) << "it did not go to the end";
}

TEST_F(AcquireListingTest, WhatARunBeforeHasTakenIsNotMadeAgain) {
  sink_.already_taken.insert("listing.bodyfile");
  const absl::StatusOr<v1::TargetOutcome> outcome = Acquire("/");
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->matched_items(), 1u);
  EXPECT_TRUE(sink_.taken.empty());
}

// On this machine itself: what the kernel makes up is left alone, and is no failure.
TEST_F(AcquireListingTest, FileSystemsOfTheKernelAreNamedAndNotEntered) {
  options_.root.clear();
  options_.depth = 1;
  const FakeItemSink::Taken& taken = List("/");
  EXPECT_THAT(taken.bytes, HasSubstr("\n0|/proc|0|d/----------|0|0|0|0|0|0|0\n"));
  EXPECT_THAT(FailureOf(taken.error).detail(), testing::Not(HasSubstr("pseudo")));
}

}  // namespace
}  // namespace hozen
