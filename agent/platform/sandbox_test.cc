#include "agent/platform/sandbox.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace hozen {
namespace {

constexpr int kNotSandboxed = 99;

// How a child ends that enters the sandbox and then does `what`, whose result is its exit status.
int EndOf(const std::function<int()>& what, uint64_t memory_bytes = uint64_t{1} << 30, uint64_t cpu_seconds = 60) {
  const pid_t pid = fork();
  if (pid == 0) {
    const int fd = open("/etc/passwd", O_RDONLY);
    if (dup2(fd, 4) != 4) _exit(kNotSandboxed);
    if (!EnterSandbox({.kept_descriptors = {4}, .memory_bytes = memory_bytes, .cpu_seconds = cpu_seconds}).ok()) {
      _exit(kNotSandboxed);
    }
    _exit(what());
  }
  int status = 0;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  return status;
}

void ExpectForbidden(const std::function<int()>& what) {
  const int status = EndOf(what);
  EXPECT_TRUE(WIFSIGNALED(status)) << WEXITSTATUS(status);
  EXPECT_EQ(WTERMSIG(status), SIGSYS);
}

TEST(SandboxTest, KeepsWhatItMayRead) {
  const int status = EndOf([] {
    char buffer[4];
    const std::vector<char> memory(32 << 20, 'x');
    return pread(4, buffer, sizeof(buffer), 0) == 4 && memory.back() == 'x' ? 7 : 8;
  });
  ASSERT_TRUE(WIFEXITED(status)) << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

TEST(SandboxTest, OpensNothing) {
  ExpectForbidden([] { return open("/etc/passwd", O_RDONLY); });
}
TEST(SandboxTest, ConnectsNowhere) {
  ExpectForbidden([] { return socket(AF_INET, SOCK_STREAM, 0); });
}
TEST(SandboxTest, StartsNothing) {
  ExpectForbidden([] { return execl("/bin/true", "true", nullptr); });
  ExpectForbidden([] { return static_cast<int>(fork()); });
}
TEST(SandboxTest, SignalsNobody) {
  ExpectForbidden([] { return kill(getppid(), 0); });
}
TEST(SandboxTest, GetsNoMemoryThatCouldBeExecuted) {
  ExpectForbidden([] {
    return mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? 1 : 0;
  });
}

TEST(SandboxTest, ClosesEveryOtherDescriptor) {
  const int fd = open("/dev/null", O_RDONLY);
  ASSERT_GE(fd, 0);
  const int status = EndOf([fd] {
    char byte;
    return read(fd == 4 ? 3 : fd, &byte, 1) < 0 && read(0, &byte, 1) < 0 ? 7 : 8;
  });
  close(fd);
  ASSERT_TRUE(WIFEXITED(status)) << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(SandboxTest, KeepsItsMemoryLimit) {
  const int status = EndOf(
      [] {
        void* much = mmap(nullptr, 512 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return much == MAP_FAILED ? 7 : 8;
      },
      256 << 20);
  ASSERT_TRUE(WIFEXITED(status)) << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 7);
}
#endif

TEST(SandboxTest, KeepsItsCpuLimit) {
  const int status = EndOf(
      [] {
        while (time(nullptr) != 0) {
        }
        return 0;
      },
      uint64_t{1} << 30, 1);
  EXPECT_TRUE(WIFSIGNALED(status));
}

}  // namespace
}  // namespace hozen
