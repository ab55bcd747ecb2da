#include "agent/platform/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "core/base/concat.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

struct Ran {
  absl::StatusOr<CommandEnd> end;
  std::string output;
};

Ran Shell(const std::string& script, absl::Duration timeout = absl::Seconds(30)) {
  std::string output;
  absl::StatusOr<CommandEnd> end =
      RunCommand({.executable = "/bin/sh", .arguments = {"-c", script}}, timeout, [&output](std::string_view piece) {
        output.append(piece);
        return absl::OkStatus();
      });
  return {.end = std::move(end), .output = std::move(output)};
}

// Everything until it closes its end.
std::string SaidBy(const ChildProcess& child) {
  std::string text;
  char buffer[64];
  const absl::Time deadline = absl::Now() + absl::Seconds(30);
  while (absl::Now() < deadline) {
    const ssize_t size = read(child.socket(), buffer, sizeof(buffer));
    if (size == 0) break;
    if (size > 0) text.append(buffer, static_cast<size_t>(size));
  }
  return text;
}

TEST(RunCommandTest, GivesOutputErrorsAndStatus) {
  const Ran ran = Shell("echo out; echo err >&2; exit 3");
  ASSERT_TRUE(ran.end.ok()) << ran.end.status();
  EXPECT_EQ(ran.output, "out\n");
  EXPECT_EQ(ran.end->standard_error, "err\n");
  EXPECT_EQ(ran.end->exit_status, 3);
  EXPECT_FALSE(ran.end->timed_out);
}

TEST(RunCommandTest, PassesOnNothingOfOurs) {
  ASSERT_EQ(setenv("SECRET_OF_THE_AGENT", "x", 1), 0);
  const int fd = open("/dev/null", O_RDONLY);  // not close-on-exec
  ASSERT_GE(fd, 0);
  const Ran ran = Shell("env; pwd; ls /proc/self/fd | wc -l; cat");
  close(fd);
  ASSERT_TRUE(ran.end.ok()) << ran.end.status();
  EXPECT_EQ(ran.output.find("SECRET"), std::string::npos) << ran.output;
  EXPECT_NE(ran.output.find("LC_ALL=C\n"), std::string::npos) << ran.output;
  // 0, 1, 2, and the folder that ls itself has open.
  EXPECT_NE(ran.output.find("\n/\n4\n"), std::string::npos) << ran.output;
}

TEST(RunCommandTest, KillsTheWholeGroupAtTheLimit) {
  const absl::Time start = absl::Now();
  const Ran ran = Shell("echo first; sleep 1000 & sleep 1000", absl::Milliseconds(300));
  ASSERT_TRUE(ran.end.ok()) << ran.end.status();
  EXPECT_TRUE(ran.end->timed_out);
  EXPECT_EQ(ran.end->exit_status, 128 + SIGKILL);
  EXPECT_EQ(ran.output, "first\n");
  EXPECT_LT(absl::Now() - start, absl::Seconds(20));
}

TEST(RunCommandTest, AChildThatClosesItsOutputStillHasALimit) {
  const Ran ran = Shell("exec >&- 2>&-; sleep 1000", absl::Milliseconds(300));
  ASSERT_TRUE(ran.end.ok()) << ran.end.status();
  EXPECT_TRUE(ran.end->timed_out);
}

TEST(RunCommandTest, KeepsTheFirstPartOfStandardError) {
  const Ran ran = Shell("yes 123456789 | head -c 1000000 >&2; echo done");
  ASSERT_TRUE(ran.end.ok()) << ran.end.status();
  EXPECT_EQ(ran.end->standard_error.size(), 4096u);
  EXPECT_EQ(ran.output, "done\n");
}

TEST(RunCommandTest, StopsWhereTheReaderHasEnough) {
  size_t seen = 0;
  const absl::StatusOr<CommandEnd> end = RunCommand(
      {.executable = "/bin/sh", .arguments = {"-c", "yes"}}, absl::Seconds(60), [&seen](std::string_view piece) {
        seen += piece.size();
        return seen > 1'000'000 ? absl::ResourceExhaustedError("enough") : absl::OkStatus();
      });
  EXPECT_TRUE(absl::IsResourceExhausted(end.status())) << end.status();
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a child was left behind";
}

TEST(RunCommandTest, SaysWhyAProgramDoesNotStart) {
  const auto ignore = [](std::string_view) { return absl::OkStatus(); };
  EXPECT_TRUE(absl::IsNotFound(RunCommand({.executable = "/no/such"}, absl::Seconds(1), ignore).status()));
  EXPECT_TRUE(absl::IsPermissionDenied(RunCommand({.executable = "/etc/passwd"}, absl::Seconds(1), ignore).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(RunCommand({.executable = "sh"}, absl::Seconds(1), ignore).status()));
}

TEST(StartChildTest, HandsOverTheSocketAndTheHandle) {
  std::string path = testing::TempDir() + "/handle.XXXXXX";
  const UniqueFd file(mkstemp(path.data()));
  ASSERT_EQ(write(file.get(), "bytes", 5), 5);
  const UniqueFd handle(open(path.c_str(), O_RDONLY));
  absl::StatusOr<std::unique_ptr<ChildProcess>> child =
      StartChild({.executable = "/bin/sh", .arguments = {"-c", "cat <&4 >&3; exit 5"}}, {handle.get()});
  ASSERT_TRUE(child.ok()) << child.status();
  EXPECT_EQ(SaidBy(**child), "bytes");
  EXPECT_EQ((*child)->Finish(absl::Seconds(30)), "exit status 5");
  EXPECT_EQ((*child)->Finish(absl::ZeroDuration()), "exit status 5");
  unlink(path.c_str());
}

TEST(StartChildTest, HandsOverManyHandlesInTheirOrder) {
  std::vector<UniqueFd> files;
  std::vector<int> handles;
  for (int i = 0; i < 60; ++i) {
    std::string path = testing::TempDir() + "/many.XXXXXX";
    files.emplace_back(mkstemp(path.data()));
    const std::string text = Concat(i, " ");
    ASSERT_EQ(write(files.back().get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    ASSERT_EQ(lseek(files.back().get(), 0, SEEK_SET), 0);
    handles.push_back(files.back().get());
    unlink(path.c_str());
  }
  absl::StatusOr<std::unique_ptr<ChildProcess>> child =
      StartChild({.executable = "/bin/bash",
                  .arguments = {"-c", "for i in {4..63}; do cat <&$i >&3; done; cat <&64 2>/dev/null || exit 6"}},
                 handles);
  ASSERT_TRUE(child.ok()) << child.status();
  std::string expected;
  for (int i = 0; i < 60; ++i) expected += Concat(i, " ");
  EXPECT_EQ(SaidBy(**child), expected);
  EXPECT_EQ((*child)->Finish(absl::Seconds(30)), "exit status 6");
  for (const UniqueFd& file : files) EXPECT_GE(fcntl(file.get(), F_GETFD), 0);
}

TEST(StartChildTest, TheDestructorKillsAndReaps) {
  const UniqueFd null(open("/dev/null", O_RDONLY));
  absl::StatusOr<std::unique_ptr<ChildProcess>> child =
      StartChild({.executable = "/bin/sh", .arguments = {"-c", "sleep 1000"}}, {null.get()});
  ASSERT_TRUE(child.ok()) << child.status();
  const int pid = (*child)->pid();
  child->reset();
  EXPECT_EQ(kill(pid, 0), -1);
}

}  // namespace
}  // namespace hozen
