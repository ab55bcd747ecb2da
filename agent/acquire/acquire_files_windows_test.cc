// Files of the running system where paths begin with drives.
#include <filesystem>
#include <string>

#include "agent/acquire/acquire.h"
#include "agent/acquire/fake_item_sink.h"
#include "agent/platform/drives.h"
#include "core/base/path_text.h"
#include "core/base/testing_folder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::Contains;
using ::testing::UnorderedElementsAre;

class AcquireFilesWindowsTest : public ::testing::Test {
 protected:
  AcquireFilesWindowsTest() {
    std::filesystem::create_directories(folder_ / "Sub");
    PutFile(folder_ / "One.txt", "first");
    PutFile(folder_.path() / PathOf("Sub") / PathOf("保全.txt"), "second");
  }

  // Of the folder, as the plan would name it.
  std::string In(const std::string& rest) const {
    std::filesystem::path whole = std::filesystem::absolute(folder_.path());
    return PathText(whole.make_preferred()) + rest;
  }

  v1::TargetOutcome Files(const std::string& pattern, const std::string& separator = "\\") {
    v1::Target target;
    target.mutable_file()->set_pattern(pattern);
    target.mutable_file()->set_separator(separator);
    const absl::StatusOr<v1::TargetOutcome> outcome = AcquireFiles(target, options_, sink_);
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    return outcome.ok() ? *outcome : v1::TargetOutcome();
  }

  const TestingFolder folder_;
  AcquireOptions options_;
  FakeItemSink sink_;
};

TEST_F(AcquireFilesWindowsTest, TakesWhatAPatternMeans) {
  EXPECT_EQ(Files(In("\\**")).matched_items(), 3u);
  EXPECT_THAT(sink_.Paths(), UnorderedElementsAre(In("\\One.txt"), In("\\Sub"), In("\\Sub\\保全.txt")));
  EXPECT_EQ(sink_.Find(In("\\Sub\\保全.txt"))->bytes, "second");
  EXPECT_EQ(sink_.Find(In("\\One.txt"))->item.file().size_bytes(), 5u);
}

TEST_F(AcquireFilesWindowsTest, CaseIsIgnoredAndTheNameIsTheFolders) {
  EXPECT_EQ(Files(In("\\sub\\*.TXT")).matched_items(), 1u);
  EXPECT_THAT(sink_.Paths(), UnorderedElementsAre(In("\\Sub\\保全.txt")));
}

TEST_F(AcquireFilesWindowsTest, APathWithoutADriveIsOnTheSystems) {
  EXPECT_EQ(Files("\\windows\\system32\\kernel32.dll").matched_items(), 1u);
  ASSERT_EQ(sink_.Paths().size(), 1u);
  EXPECT_EQ(sink_.Paths().front().substr(0, 2), SystemDrive());
}

TEST_F(AcquireFilesWindowsTest, PolicyRefusesWhateverTheCase) {
  options_.refused_paths = {In("\\SUB")};
  Files(In("\\**"));
  EXPECT_EQ(sink_.Find(In("\\Sub\\保全.txt")), nullptr);
  ASSERT_NE(sink_.Find(In("\\Sub")), nullptr);
  EXPECT_EQ(sink_.Find(In("\\Sub"))->item.failure().cause(), v1::CAUSE_REFUSED_BY_POLICY);
}

TEST_F(AcquireFilesWindowsTest, AFileComesWithItsStreams) {
  PutFile(folder_.path() / PathOf("One.txt:Zone.Identifier"), "[Zone]");
  Files(In("\\One.txt"));
  ASSERT_NE(sink_.Find(In("\\One.txt")), nullptr);
  const FakeItemSink::Taken* const stream = sink_.Find(In("\\One.txt:Zone.Identifier"));
  if (stream == nullptr) GTEST_SKIP() << "this file system has no streams, or wine lists none";
  EXPECT_EQ(stream->item.kind(), v1::Item::KIND_ATTRIBUTE);
  EXPECT_EQ(stream->item.attribute().name(), "Zone.Identifier");
  EXPECT_EQ(stream->bytes, "[Zone]");
  sink_.taken.clear();
  Files(In("\\*:Zone.*"));
  EXPECT_THAT(sink_.Paths(), UnorderedElementsAre(In("\\One.txt:Zone.Identifier")));
}

TEST_F(AcquireFilesWindowsTest, APatternOfStreamsMeansNoFile) {
  EXPECT_EQ(Files(In("\\One.txt:none")).matched_items(), 0u);
  EXPECT_EQ(Files(In("\\*:*")).matched_items(), 0u);
}

TEST_F(AcquireFilesWindowsTest, APatternForAnotherSystemIsNotCarriedOut) {
  EXPECT_EQ(Files("/etc/passwd", "/").failure().cause(), v1::CAUSE_NOT_SUPPORTED);
}

TEST_F(AcquireFilesWindowsTest, TheAgentsOwnFolderIsLeftOut) {
  options_.state_folder = PathText(folder_ / "Sub");
  Files(In("\\**"));
  EXPECT_EQ(sink_.Find(In("\\Sub\\保全.txt")), nullptr);
  EXPECT_THAT(sink_.Paths(), Contains(In("\\One.txt")));
}

}  // namespace
}  // namespace hozen
