// What file.h promises where there are permissions, FIFOs, symbolic links and fork.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <thread>
#include <vector>

#include "core/base/file.h"
#include "core/base/status_context.h"
#include "core/base/testing_folder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::HasSubstr;

class FilePosixTest : public ::testing::Test {
 protected:
  std::filesystem::path At(const std::string& name) const { return folder_ / name; }

  const TestingFolder folder_;
};

unsigned ModeOf(const std::filesystem::path& path) {
  struct stat info = {};
  EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 07777;
}

// Runs `body` in a child, so that limits and identities of the process can be changed; true if it returned true.
template <typename Body>
bool InChild(Body body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body() ? 0 : 1);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST_F(FilePosixTest, ReadingStopsAtTheLimit) {
  PutFile(At("f"), std::string(200'000, 'x'));
  EXPECT_TRUE(absl::IsResourceExhausted(ReadWholeFile(At("f"), 199'999).status()));
  EXPECT_TRUE(absl::IsResourceExhausted(ReadWholeFile(At("f"), 0).status()));
  EXPECT_TRUE(absl::IsResourceExhausted(ReadWholeFile("/dev/zero", 100'000).status())) << "one without an end";
}

TEST_F(FilePosixTest, ReadsFilesThatSayTheyAreEmpty) {
  EXPECT_THAT(*ReadWholeFile("/proc/self/status", 1 << 20), HasSubstr("Pid:"));
}

TEST_F(FilePosixTest, ReadingAFifoDoesNotWaitForAWriter) {
  ASSERT_EQ(::mkfifo(At("fifo").c_str(), 0600), 0);
  EXPECT_EQ(*ReadWholeFile(At("fifo"), 10), "");
}

TEST_F(FilePosixTest, WritesANewFileWithItsModeWhateverTheUmask) {
  const mode_t umask_before = ::umask(0077);
  ASSERT_TRUE(WriteFileAtomically(At("f"), "first", 0644).ok());
  ::umask(umask_before);
  EXPECT_EQ(GetFile(At("f")), "first");
  EXPECT_EQ(ModeOf(At("f")), 0644u);
  EXPECT_FALSE(std::filesystem::exists(At("f.tmp")));
}

TEST_F(FilePosixTest, ReplacesAFileWithItsMode) {
  ASSERT_TRUE(WriteFileAtomically(At("f"), "first", 0644).ok());
  ASSERT_TRUE(WriteFileAtomically(At("f"), std::string("sec\0nd", 6), 0600).ok());
  EXPECT_EQ(GetFile(At("f")), std::string("sec\0nd", 6));
  EXPECT_EQ(ModeOf(At("f")), 0600u);
}

TEST_F(FilePosixTest, WritesBesideItselfWithoutAFolderInThePath) {
  EXPECT_TRUE(InChild([this] {
    return ::chdir(folder_.path().c_str()) == 0 && WriteFileAtomically("bare", "x", 0600).ok() &&
           GetFile(At("bare")) == "x";
  }));
}

TEST_F(FilePosixTest, ASymbolicLinkInTheTemporaryFilesPlaceIsNotFollowed) {
  PutFile(At("victim"), "precious");
  std::filesystem::create_symlink(At("victim"), At("f.tmp"));
  EXPECT_FALSE(WriteFileAtomically(At("f"), "x", 0600).ok());
  EXPECT_EQ(GetFile(At("victim")), "precious");
}

TEST_F(FilePosixTest, AReadOnlyFolderLeavesTheOldFile) {
  PutFile(At("f"), "old");
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0555), 0);
  EXPECT_TRUE(InChild([this] {
    // Permissions do not bind root, so the child becomes somebody else.
    if (::geteuid() == 0) {
      if (::chdir(folder_.path().c_str()) != 0 || ::setgid(65534) != 0 || ::setuid(65534) != 0) return false;
    } else if (::chdir(folder_.path().c_str()) != 0) {
      return false;
    }
    return absl::IsPermissionDenied(WriteFileAtomically("f", "new", 0600));
  }));
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0755), 0);
  EXPECT_EQ(GetFile(At("f")), "old");
  EXPECT_FALSE(std::filesystem::exists(At("f.tmp")));
}

TEST_F(FilePosixTest, ADiskThatTakesNoMoreLeavesTheOldFile) {
  PutFile(At("f"), "old");
  EXPECT_TRUE(InChild([this] {
    const rlimit limit = {4096, 4096};
    ::signal(SIGXFSZ, SIG_IGN);
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return false;
    const absl::Status status = WriteFileAtomically(At("f"), std::string(10'000, 'n'), 0600);
    return SystemErrorOf(status) == EFBIG;
  }));
  EXPECT_EQ(GetFile(At("f")), "old");
  EXPECT_FALSE(std::filesystem::exists(At("f.tmp")));
}

TEST_F(FilePosixTest, WritesFullyThroughAPipeThatTakesLittleAtATime) {
  int ends[2] = {};
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  UniqueFd out(ends[1]);
  const UniqueFd in(ends[0]);
  const std::string bytes(1'000'000, 'p');
  std::string got;
  std::thread reader([&] {
    char buffer[1000];
    for (ssize_t size = 1; size > 0;) {
      size = ::read(in.get(), buffer, sizeof(buffer));
      if (size > 0) got.append(buffer, size);
    }
  });
  EXPECT_TRUE(WriteFully(out.get(), bytes).ok());
  out.Reset(-1);
  reader.join();
  EXPECT_EQ(got, bytes);
}

TEST_F(FilePosixTest, WritesFullyAtAnOffset) {
  PutFile(At("f"), "0123456789");
  const UniqueFd fd(::open(At("f").c_str(), O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(WriteFullyAt(fd.get(), "ab", 4).ok());
  ASSERT_TRUE(WriteFullyAt(fd.get(), "cd", 9).ok());
  EXPECT_EQ(GetFile(At("f")), "0123ab678cd");
  EXPECT_EQ(SystemErrorOf(WriteFullyAt(fd.get(), "x", UINT64_MAX)), EFBIG);
}

TEST_F(FilePosixTest, AFullDiskIsResourceExhausted) {
  const UniqueFd fd(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(fd.valid());
  EXPECT_TRUE(absl::IsResourceExhausted(WriteFully(fd.get(), "x")));
  EXPECT_TRUE(absl::IsResourceExhausted(WriteFullyAt(fd.get(), "x", 0)));
}

TEST_F(FilePosixTest, MakesFoldersWithTheirMode) {
  const mode_t umask_before = ::umask(0077);
  ASSERT_TRUE(MakeFolders(At("a/b/c/"), 0750).ok());
  ::umask(umask_before);
  EXPECT_EQ(ModeOf(At("a")), 0750u);
  EXPECT_EQ(ModeOf(At("a/b/c")), 0750u);
  EXPECT_TRUE(MakeFolders(At("a/b/c"), 0700).ok());
  EXPECT_EQ(ModeOf(At("a/b/c")), 0750u) << "what is there already is not changed";
}

TEST_F(FilePosixTest, ALockIsHeldByOneUntilItIsClosed) {
  absl::StatusOr<UniqueFd> first = LockFile(At("lock"));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_TRUE(InChild([this] { return absl::IsFailedPrecondition(LockFile(At("lock")).status()); }));
  const absl::Status refused = LockFile(At("lock")).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused));
  EXPECT_THAT(std::string(refused.message()), HasSubstr(At("lock").native()));
  first->Reset(-1);
  EXPECT_TRUE(LockFile(At("lock")).ok());
}

TEST_F(FilePosixTest, ALockGoesWithTheProcess) {
  int ends[2] = {};
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const absl::StatusOr<UniqueFd> lock = LockFile(At("lock"));
    if (!lock.ok() || ::write(ends[1], "l", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  char locked = 0;
  ASSERT_EQ(::read(ends[0], &locked, 1), 1);
  EXPECT_TRUE(absl::IsFailedPrecondition(LockFile(At("lock")).status()));
  ::kill(child, SIGKILL);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(LockFile(At("lock")).ok());
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace hozen
