// Errors of reading that only Linux can be made to give.
#include <fcntl.h>

#include <string>

#include "core/bytes/source.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

TEST(FdSourceTest, AnErrorSaysWhere) {
  const std::unique_ptr<Source> source =
      NewFdSource(UniqueFd(::open(::testing::TempDir().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)), 4096);
  char buffer[16];
  const absl::Status status = source->ReadAt(512, absl::MakeSpan(buffer)).status();
  EXPECT_FALSE(status.ok());
  EXPECT_NE(status.message().find("at byte 512"), absl::string_view::npos) << status;
}

TEST(FdSourceTest, ADevicesReadErrorIsDataLoss) {
  // Reading unmapped memory of one's own process is the one read that a kernel always answers with EIO.
  const std::unique_ptr<Source> source = NewFdSource(UniqueFd(::open("/proc/self/mem", O_RDONLY | O_CLOEXEC)), 1 << 20);
  char buffer[16];
  EXPECT_TRUE(absl::IsDataLoss(source->ReadAt(0, absl::MakeSpan(buffer)).status()));
}

}  // namespace
}  // namespace hozen
