#include "core/base/unique_fd.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "gtest/gtest.h"

namespace hozen {
namespace {

int OpenNull() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

bool IsOpen(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST(UniqueFdTest, ClosesWhatItOwns) {
  int number = -1;
  {
    const UniqueFd fd(OpenNull());
    number = fd.get();
    ASSERT_TRUE(fd.valid());
    EXPECT_TRUE(IsOpen(number));
  }
  EXPECT_FALSE(IsOpen(number));
}

TEST(UniqueFdTest, OwnsNothingByDefault) {
  const UniqueFd fd;
  EXPECT_FALSE(fd.valid());
  EXPECT_EQ(fd.get(), -1);
}

TEST(UniqueFdTest, MovingHandsItOn) {
  UniqueFd first(OpenNull());
  const int number = first.get();
  UniqueFd second(std::move(first));
  EXPECT_FALSE(first.valid());
  EXPECT_EQ(second.get(), number);
  UniqueFd third(OpenNull());
  const int replaced = third.get();
  third = std::move(second);
  EXPECT_FALSE(IsOpen(replaced));
  EXPECT_EQ(third.get(), number);
  EXPECT_TRUE(IsOpen(number));
}

TEST(UniqueFdTest, MovingOntoItselfKeepsIt) {
  UniqueFd fd(OpenNull());
  UniqueFd& same = fd;
  const int number = fd.get();
  fd = std::move(same);
  EXPECT_EQ(fd.get(), number);
  EXPECT_TRUE(IsOpen(number));
}

TEST(UniqueFdTest, ReleaseGivesItAway) {
  UniqueFd fd(OpenNull());
  const int number = fd.Release();
  EXPECT_FALSE(fd.valid());
  EXPECT_TRUE(IsOpen(number));
  ::close(number);
}

TEST(UniqueFdTest, ClosingLeavesErrnoAsItWas) {
  UniqueFd fd(OpenNull());
  ::close(fd.get());  // so that its own close fails
  errno = ENOSPC;
  fd.Reset(-1);
  EXPECT_EQ(errno, ENOSPC);
}

}  // namespace
}  // namespace hozen
