#include "tools/images/spill_file.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace hozen {
namespace {

namespace fs = std::filesystem;

class SpillFileTest : public ::testing::Test {
 protected:
  SpillFileTest()
      : folder_(fs::path(::testing::TempDir()) / ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  static std::string All(const SpillFile& spill) {
    std::string all;
    const absl::Status replayed = spill.Replay([&](std::string_view bytes) {
      EXPECT_LE(bytes.size(), SpillFile::kInMemoryBytes);
      all += bytes;
      return absl::OkStatus();
    });
    EXPECT_TRUE(replayed.ok()) << replayed;
    return all;
  }

  const fs::path folder_;
};

TEST_F(SpillFileTest, GivesBackWhatWasAppendedAndLeavesNothing) {
  SpillFile spill(folder_ / "image");
  std::string expected;
  for (int i = 0; i < 40'000; ++i) {
    const std::string bytes = std::to_string(i) + "\n";
    ASSERT_TRUE(spill.Append(bytes).ok());
    expected += bytes;
    if (i == 10 || i == 39'999) {
      EXPECT_TRUE(All(spill) == expected);
    }
  }
  EXPECT_EQ(spill.size_bytes(), expected.size());
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(SpillFileTest, WhatIsSmallNeedsNoFileAndAnErrorEndsTheReplay) {
  SpillFile spill(folder_ / "no such folder" / "image");
  ASSERT_TRUE(spill.Append("small").ok());
  EXPECT_EQ(All(spill), "small");
  EXPECT_TRUE(absl::IsCancelled(spill.Replay([](std::string_view) { return absl::CancelledError("enough"); })));
  EXPECT_TRUE(absl::IsNotFound(spill.Append(std::string(SpillFile::kInMemoryBytes, 'x'))));
}

}  // namespace
}  // namespace hozen
