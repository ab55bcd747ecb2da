#include "agent/platform/host_mounts.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "absl/time/time.h"
#include "agent/platform/child_process.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

TEST(HostMountsTest, InvalidAmongTheHostsOwnMounts) { EXPECT_FALSE(OpenHostMounts().valid()); }

constexpr int kNotAllowed = 77;

// What `work` returns in a child.
template <typename Work>
int InAChild(const Work& work) {
  const pid_t pid = fork();
  if (pid == 0) _exit(work());
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

// Whether `check` holds (0, else 1) on a host of its own, whose first process has this system's mounts, for a process
// that was given others, among which /proc/version is empty.
template <typename Check>
int WithMountsOfItsOwn(const Check& check) {
  return InAChild([&] {
    if (unshare(CLONE_NEWNS | CLONE_NEWPID) != 0) return kNotAllowed;
    return InAChild([&] {
      if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
          mount("proc", "/proc", "proc", 0, nullptr) != 0) {
        return kNotAllowed;
      }
      return InAChild([&] {
        if (unshare(CLONE_NEWNS) != 0 || mount("/dev/null", "/proc/version", nullptr, MS_BIND, nullptr) != 0) {
          return kNotAllowed;
        }
        return check() ? 0 : 1;
      });
    });
  });
}

TEST(HostMountsTest, FoundFromMountsOfOnesOwn) {
  const int result = WithMountsOfItsOwn([] { return OpenHostMounts().valid(); });
  if (result == kNotAllowed) GTEST_SKIP() << "no mount namespaces here";
  EXPECT_EQ(result, 0);
}

TEST(HostMountsTest, CommandsSeeTheHostsMounts) {
  const int result = WithMountsOfItsOwn([] {
    std::string output;
    const auto end = RunCommand({.executable = "/bin/cat", .arguments = {"/proc/version"}}, absl::Seconds(20),
                                [&](std::string_view piece) {
                                  output += piece;
                                  return absl::OkStatus();
                                });
    return end.ok() && end->exit_status == 0 && output.find("Linux") != std::string::npos;
  });
  if (result == kNotAllowed) GTEST_SKIP() << "no mount namespaces here";
  EXPECT_EQ(result, 0);
}

}  // namespace
}  // namespace hozen
