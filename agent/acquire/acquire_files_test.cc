#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "agent/acquire/acquire.h"
#include "agent/acquire/fake_item_sink.h"
#include "agent/acquire/system_tree.h"
#include "agent/acquire/tree_provider.h"
#include "agent/acquire/windows_variables.h"
#include "core/base/concat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class AcquireFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string folder = testing::TempDir() + "/acquire.XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    root_ = folder;
    options_.root = folder;
    options_.target_index = 7;
  }
  void TearDown() override { fs::remove_all(root_); }

  void Write(const std::string& path, const std::string& bytes) {
    fs::create_directories((root_ + path).substr(0, (root_ + path).rfind('/')));
    std::ofstream(root_ + path, std::ios::binary) << bytes;
  }

  v1::TargetOutcome Files(const std::string& pattern, const std::string& artifact = "An") {
    v1::Target target;
    target.set_artifact(artifact);
    target.mutable_file()->set_pattern(pattern);
    const absl::StatusOr<v1::TargetOutcome> outcome = AcquireFiles(target, options_, sink_);
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    return outcome.ok() ? *outcome : v1::TargetOutcome();
  }

  v1::TargetOutcome Paths(const std::string& pattern) {
    v1::Target target;
    target.mutable_path()->set_pattern(pattern);
    const absl::StatusOr<v1::TargetOutcome> outcome = AcquirePaths(target, options_, sink_);
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    return outcome.ok() ? *outcome : v1::TargetOutcome();
  }

  const FakeItemSink::Taken& Item(const std::string& path) {
    const FakeItemSink::Taken* found = sink_.Find(path);
    static const auto& none = *new FakeItemSink::Taken();
    EXPECT_NE(found, nullptr) << path << " among " << testing::PrintToString(sink_.Paths());
    return found == nullptr ? none : *found;
  }

  std::string root_;
  AcquireOptions options_;
  FakeItemSink sink_;
};

TEST_F(AcquireFilesTest, TakesAFileWithBytesAndMetadata) {
  Write("/etc/passwd", "root:x:0:0::/root:/bin/sh\n");
  const v1::TargetOutcome outcome = Files("/etc/passwd");
  EXPECT_EQ(outcome.matched_items(), 1u);
  EXPECT_EQ(outcome.target_index(), 7u);
  EXPECT_EQ(outcome.artifact(), "An");
  EXPECT_EQ(outcome.pattern(), "/etc/passwd");
  EXPECT_FALSE(outcome.has_failure());
  const FakeItemSink::Taken& taken = Item("/etc/passwd");
  EXPECT_EQ(taken.bytes, "root:x:0:0::/root:/bin/sh\n");
  EXPECT_TRUE(taken.until_end);
  EXPECT_EQ(taken.item.kind(), v1::Item::KIND_FILE);
  EXPECT_EQ(taken.item.artifact(), "An");
  EXPECT_EQ(taken.item.target_index(), 7u);
  struct stat found = {};
  ASSERT_EQ(stat((root_ + "/etc/passwd").c_str(), &found), 0);
  EXPECT_EQ(taken.item.file().inode(), found.st_ino);
  EXPECT_EQ(taken.item.file().device(), found.st_dev);
  EXPECT_EQ(taken.item.file().mode(), found.st_mode);
  EXPECT_EQ(taken.item.file().size_bytes(), 26u);
  EXPECT_EQ(taken.item.file().modified_unix_ns(), found.st_mtim.tv_sec * 1'000'000'000 + found.st_mtim.tv_nsec);
}

TEST_F(AcquireFilesTest, LeavesAccessTimesAlone) {
  Write("/log/a", "bytes");
  const timespec long_ago[2] = {{.tv_sec = 1'000'000'000, .tv_nsec = 0}, {.tv_sec = 1'500'000'000, .tv_nsec = 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, (root_ + "/log/a").c_str(), long_ago, 0), 0);
  ASSERT_EQ(utimensat(AT_FDCWD, (root_ + "/log").c_str(), long_ago, 0), 0);
  Files("/log/*");
  EXPECT_EQ(Item("/log/a").bytes, "bytes");
  struct stat found = {};
  ASSERT_EQ(stat((root_ + "/log/a").c_str(), &found), 0);
  EXPECT_EQ(found.st_atim.tv_sec, 1'000'000'000);
  ASSERT_EQ(stat((root_ + "/log").c_str(), &found), 0);
  EXPECT_EQ(found.st_atim.tv_sec, 1'000'000'000);
  EXPECT_THAT(sink_.traces, IsEmpty());
}

TEST_F(AcquireFilesTest, WalksInSortedOrderAndGivesEachEntryOnce) {
  for (const char* path : {"/a/c/1", "/a/b/x/y/2", "/a/.hidden", "/a/z"}) Write(path, path);
  const v1::TargetOutcome outcome = Files("/a/**");
  EXPECT_THAT(sink_.Paths(),
              ElementsAre("/a/.hidden", "/a/b", "/a/b/x", "/a/b/x/y", "/a/b/x/y/2", "/a/c", "/a/c/1", "/a/z"));
  EXPECT_EQ(outcome.matched_items(), 8u);
  EXPECT_EQ(Item("/a/b").item.kind(), v1::Item::KIND_DIRECTORY);
  EXPECT_EQ(Item("/a/b").item.state(), v1::Item::STATE_COMPLETE);
  sink_.taken.clear();
  Files("/a/**/**/*");
  EXPECT_EQ(sink_.taken.size(), 8u) << "two ** must not give an entry twice";
}

TEST_F(AcquireFilesTest, BoundedRecursionStopsWhereItSays) {
  for (const char* path : {"/a/0", "/a/1/1", "/a/1/2/2", "/a/1/2/3/3"}) Write(path, "");
  Files("/a/**1/*");
  EXPECT_THAT(sink_.Paths(), ElementsAre("/a/0", "/a/1", "/a/1/1", "/a/1/2"));
}

TEST_F(AcquireFilesTest, RecordsLinksAndNeverFollowsThemBelowTheFixedPart) {
  Write("/secret/key", "key");
  fs::create_directories(root_ + "/a");
  fs::create_symlink("/secret", root_ + "/a/out");
  fs::create_symlink("/secret/key", root_ + "/a/key");
  fs::create_symlink("nowhere", root_ + "/a/dangling");
  Files("/a/**");
  EXPECT_THAT(sink_.Paths(), ElementsAre("/a/dangling", "/a/key", "/a/out"));
  EXPECT_EQ(Item("/a/out").item.kind(), v1::Item::KIND_SYMBOLIC_LINK);
  EXPECT_EQ(Item("/a/out").item.file().link_target(), "/secret");
  EXPECT_EQ(Item("/a/dangling").item.state(), v1::Item::STATE_COMPLETE);
  sink_.taken.clear();
  Files("/a/*/key");
  EXPECT_THAT(sink_.Paths(), IsEmpty());
}

TEST_F(AcquireFilesTest, PassesThroughLinksInTheFixedPart) {
  Write("/usr/bin/tool", "elf");
  fs::create_symlink("usr/bin", root_ + "/bin");
  fs::create_symlink("/bin/../bin", root_ + "/alias");
  Files("/bin/to*");
  EXPECT_EQ(Item("/bin/tool").bytes, "elf");
  Files("/alias/tool");
  EXPECT_EQ(Item("/alias/tool").bytes, "elf");
}

TEST_F(AcquireFilesTest, ANamedLinkIsRecordedAndWhatItLeadsToIsTaken) {
  Write("/usr/lib/os-release", "NAME=x");
  fs::create_directories(root_ + "/etc");
  fs::create_symlink("../usr/lib/os-release", root_ + "/etc/os-release");
  const v1::TargetOutcome outcome = Files("/etc/os-release");
  EXPECT_THAT(sink_.Paths(), ElementsAre("/etc/os-release", "/usr/lib/os-release"));
  EXPECT_EQ(Item("/etc/os-release").item.kind(), v1::Item::KIND_SYMBOLIC_LINK);
  EXPECT_EQ(Item("/usr/lib/os-release").bytes, "NAME=x");
  EXPECT_EQ(outcome.matched_items(), 2u);
}

TEST_F(AcquireFilesTest, LinksCannotLeadOutOfTheRoot) {
  fs::create_symlink("/../../../../etc", root_ + "/up");
  Files("/up/passwd", "");
  EXPECT_EQ(Item("/up/passwd").item.failure().cause(), v1::CAUSE_NOT_FOUND);
}

TEST_F(AcquireFilesTest, LinksInACircleAreALoop) {
  fs::create_symlink("/two", root_ + "/one");
  fs::create_symlink("/one", root_ + "/two");
  Files("/one/file");
  EXPECT_EQ(Item("/one/file").item.failure().cause(), v1::CAUSE_LOOP);
}

TEST_F(AcquireFilesTest, RecordsFifosSocketsAndDevicesWithoutOpeningThem) {
  fs::create_directories(root_ + "/run");
  ASSERT_EQ(mkfifo((root_ + "/run/fifo").c_str(), 0600), 0);
  Files("/run/*");
  const FakeItemSink::Taken& fifo = Item("/run/fifo");
  EXPECT_EQ(fifo.item.kind(), v1::Item::KIND_OTHER);
  EXPECT_EQ(fifo.item.state(), v1::Item::STATE_COMPLETE);
  EXPECT_FALSE(fifo.has_stream);
  EXPECT_TRUE(S_ISFIFO(fifo.item.file().mode()));
  options_.root = "";
  Files("/dev/null");
  EXPECT_EQ(Item("/dev/null").item.kind(), v1::Item::KIND_OTHER);
}

TEST_F(AcquireFilesTest, SaysWhatIsMissingOnlyWhereAPersonNamedIt) {
  EXPECT_EQ(Files("/no/such/file").matched_items(), 0u);
  EXPECT_EQ(Files("/no/such/**").matched_items(), 0u);
  EXPECT_THAT(sink_.taken, IsEmpty());
  EXPECT_EQ(Files("/no/such/file", "").matched_items(), 0u);
  EXPECT_EQ(Item("/no/such/file").item.state(), v1::Item::STATE_FAILED);
  EXPECT_EQ(Item("/no/such/file").item.failure().cause(), v1::CAUSE_NOT_FOUND);
  Files("/nobody/**", "");
  EXPECT_EQ(Item("/nobody").item.failure().cause(), v1::CAUSE_NOT_FOUND);
  Write("/here/x", "");
  Files("/here/missing", "");
  EXPECT_EQ(Item("/here/missing").item.failure().cause(), v1::CAUSE_NOT_FOUND);
}

TEST_F(AcquireFilesTest, SaysOfOneTraceAndOfSeveralWhatItTouched) {
  Write("/a/file", "x");
  fs::create_symlink("file", root_ + "/a/one");
  Paths("/a/**");
  ASSERT_EQ(sink_.traces.size(), 1u);
  EXPECT_EQ(sink_.traces[0].path(), "/a/one");
  EXPECT_EQ(sink_.traces[0].what().find("its access time may be new"), 0u) << sink_.traces[0].what();
  fs::create_symlink("file", root_ + "/a/two");
  Paths("/a/**");
  ASSERT_EQ(sink_.traces.size(), 2u);
  EXPECT_EQ(sink_.traces[1].what().find("access times of this and 1 more may be new"), 0u) << sink_.traces[1].what();
}

TEST_F(AcquireFilesTest, LeavesNoTraceWhereTheKernelMakesUpFiles) {
  options_.root.clear();
  Paths("/proc/self/exe");
  Paths("/proc/self/ns/*");
  EXPECT_EQ(Item("/proc/self/exe").item.kind(), v1::Item::KIND_SYMBOLIC_LINK);
  EXPECT_THAT(sink_.traces, IsEmpty());
}

// As of threads of the kernel.
TEST_F(AcquireFilesTest, ALinkOfProcThatLeadsToNothingIsNotFoundAndDidNotVanish) {
  options_.root = "";
  const pid_t pid = fork();
  if (pid == 0) _exit(0);
  siginfo_t ended = {};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOWAIT), 0);
  const std::string exe = Concat("/proc/", pid, "/exe");
  Paths(exe);
  waitpid(pid, nullptr, 0);
  EXPECT_EQ(Item(exe).item.failure().cause(), v1::CAUSE_NOT_FOUND);
}

TEST_F(AcquireFilesTest, RecordsWhatItMayNotReadAndTracesWhatItTouched) {
  std::string folder = "/tmp/acquire.XXXXXX";  // where nobody may go, too
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  options_.root = folder;
  root_.swap(folder);
  Write("/a/file", "x");
  Write("/a/folder/x", "x");
  Write("/a/open", "readable");
  fs::permissions(root_, fs::perms(0755));
  fs::permissions(root_ + "/a/open", fs::perms(0644));
  fs::permissions(root_ + "/a/file", fs::perms::none);
  fs::permissions(root_ + "/a/folder", fs::perms::none);
  const bool was_root = geteuid() == 0;
  if (was_root) {
    ASSERT_EQ(seteuid(65534), 0);
  }
  Files("/a/**");
  if (was_root) {
    ASSERT_EQ(seteuid(0), 0);
  }
  EXPECT_EQ(Item("/a/file").item.failure().cause(), v1::CAUSE_PERMISSION_DENIED);
  EXPECT_EQ(Item("/a/folder").item.failure().cause(), v1::CAUSE_PERMISSION_DENIED);
  EXPECT_EQ(Item("/a/folder").item.kind(), v1::Item::KIND_DIRECTORY);
  EXPECT_EQ(Item("/a/open").bytes, "readable");
  // Another's files cannot be read without new access times.
  if (was_root) {
    EXPECT_EQ(sink_.traces.size(), 1u);
  }
  fs::permissions(root_ + "/a/folder", fs::perms::owner_all);
  fs::remove_all(root_);
  root_.swap(folder);
}

TEST_F(AcquireFilesTest, RecordsWhatPolicyRefusesAndNeverOpensIt) {
  Write("/home/ann/private/diary", "dear");
  Write("/home/ann/notes", "notes");
  fs::create_symlink("/home/ann/private", root_ + "/door");
  options_.refused_paths = {"/home/*/private"};
  Files("/home/**");
  EXPECT_EQ(Item("/home/ann/private").item.failure().cause(), v1::CAUSE_REFUSED_BY_POLICY);
  EXPECT_EQ(Item("/home/ann/notes").bytes, "notes");
  EXPECT_EQ(sink_.Find("/home/ann/private/diary"), nullptr);
  Files("/home/ann/private/diary");
  EXPECT_EQ(Item("/home/ann/private/diary").item.failure().cause(), v1::CAUSE_REFUSED_BY_POLICY);
  Files("/door/diary");
  EXPECT_EQ(Item("/door/diary").item.failure().cause(), v1::CAUSE_REFUSED_BY_POLICY) << "a link is no way around";
  for (const FakeItemSink::Taken& taken : sink_.taken) EXPECT_NE(taken.bytes, "dear");
}

TEST_F(AcquireFilesTest, APolicyThatCannotBeReadAllowsNothing) {
  Write("/a/file", "x");
  options_.refused_paths = {"/a/[unclosed"};
  const v1::TargetOutcome outcome = Files("/a/*");
  EXPECT_EQ(outcome.failure().cause(), v1::CAUSE_REFUSED_BY_POLICY);
  EXPECT_THAT(sink_.taken, IsEmpty());
}

TEST_F(AcquireFilesTest, NeverCollectsTheAgentsOwnState) {
  Write("/var/lib/agent/state.pb", "private key");
  Write("/var/lib/other", "x");
  options_.state_folder = root_ + "/var/lib/agent";
  fs::create_symlink("/var/lib/agent", root_ + "/door");
  Files("/var/**");
  EXPECT_EQ(Item("/var/lib/agent").item.failure().cause(), v1::CAUSE_REFUSED_BY_POLICY);
  EXPECT_EQ(Item("/var/lib/other").bytes, "x");
  Files("/door/state.pb");
  Files("/var/lib/agent/*");
  for (const FakeItemSink::Taken& taken : sink_.taken) EXPECT_NE(taken.bytes, "private key");
}

TEST_F(AcquireFilesTest, KeepsTheDepthLimitAndSaysWhereItWasReached) {
  Write("/a/1/2/3/x", "");
  options_.depth = 2;
  Files("/a/**");
  EXPECT_THAT(sink_.Paths(), ElementsAre("/a/1", "/a/1/2", "/a/1/2/3"));
  EXPECT_EQ(Item("/a/1/2/3").item.failure().cause(), v1::CAUSE_LIMIT_DEPTH);
  EXPECT_EQ(Item("/a/1/2").item.state(), v1::Item::STATE_COMPLETE);
}

TEST_F(AcquireFilesTest, PathsDeeperThanAnyPathNameAreWalked) {
  // 300 folders with names of 40 bytes: three times PATH_MAX.
  int folder = open(root_.c_str(), O_RDONLY | O_DIRECTORY);
  for (int i = 0; i < 300; ++i) {
    const std::string name(40, static_cast<char>('a' + i % 26));
    ASSERT_EQ(mkdirat(folder, name.c_str(), 0700), 0);
    const int next = openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY);
    close(folder);
    folder = next;
  }
  close(openat(folder, "end", O_CREAT | O_WRONLY, 0600));
  close(folder);
  EXPECT_EQ(Files("/**").matched_items(), 301u);
}

TEST_F(AcquireFilesTest, FillsInTheHomesOfAllUsers) {
  Write("/etc/passwd",
        "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\nann2:x:1001:1000::/home/ann/:/bin/sh\n"
        "gone:x:5:5::/nonexistent:/bin/sh\nroot2:x:99:0::/:/bin/sh\n");
  for (const char* home : {"/root", "/home/ann", "/home/[left]"}) Write(Concat(home, "/.bash_history"), home);
  Write("/.bash_history", "not a home");
  const v1::TargetOutcome outcome = Files("%%users.homedir%%/.bash_history");
  EXPECT_THAT(sink_.Paths(),
              UnorderedElementsAre("/root/.bash_history", "/home/ann/.bash_history", "/home/[left]/.bash_history"));
  EXPECT_EQ(outcome.matched_items(), 3u);
  sink_.taken.clear();
  Write("/spool/ann", "mail");
  Files("/spool/%%users.username%%");
  EXPECT_THAT(sink_.Paths(), ElementsAre("/spool/ann"));
  sink_.taken.clear();
  Write("/run/user/1000/x", "");
  Files("/run/user/%%users.uid%%/*");
  EXPECT_THAT(sink_.Paths(), ElementsAre("/run/user/1000/x"));
}

TEST_F(AcquireFilesTest, SaysWhichVariableItDoesNotKnow) {
  const v1::TargetOutcome outcome = Files("%%environ_systemroot%%/System32/x");
  EXPECT_EQ(outcome.failure().cause(), v1::CAUSE_NOT_SUPPORTED);
  EXPECT_NE(outcome.failure().detail().find("environ_systemroot"), std::string::npos);
}

TEST_F(AcquireFilesTest, SaysSoForPatternsOfAnotherSystemAndBadOnes) {
  v1::Target target;
  target.mutable_file()->set_pattern("C:\\Windows");
  target.mutable_file()->set_separator("\\");
  EXPECT_EQ(AcquireFiles(target, options_, sink_)->failure().cause(), v1::CAUSE_NOT_SUPPORTED);
  EXPECT_EQ(Files("relative/*").failure().cause(), v1::CAUSE_NOT_SUPPORTED);
  EXPECT_EQ(Files("/a/../b").failure().cause(), v1::CAUSE_NOT_SUPPORTED);
}

TEST_F(AcquireFilesTest, PathTargetsTakeMetadataOnly) {
  Write("/a/file", "bytes");
  EXPECT_EQ(Paths("/a/*").matched_items(), 1u);
  EXPECT_FALSE(Item("/a/file").has_stream);
  EXPECT_EQ(Item("/a/file").item.state(), v1::Item::STATE_COMPLETE);
  EXPECT_EQ(Item("/a/file").item.file().size_bytes(), 5u);
}

TEST_F(AcquireFilesTest, DoesNotOpenWhatWasTakenBeforeARestart) {
  Write("/a/1", "1");
  Write("/a/2", "2");
  sink_.already_taken = {"/a/1"};
  EXPECT_EQ(Files("/a/*").matched_items(), 2u);
  EXPECT_THAT(sink_.Paths(), ElementsAre("/a/2"));
}

TEST_F(AcquireFilesTest, StopsWithTheSinksOwnWords) {
  Write("/a/1", "1");
  v1::Target target;
  target.mutable_file()->set_pattern("/a/*");
  sink_.poll_status = absl::DeadlineExceededError("the deadline of the plan");
  EXPECT_EQ(AcquireFiles(target, options_, sink_).status(), sink_.poll_status);
  sink_.poll_status = absl::OkStatus();
  sink_.status = absl::CancelledError("an operator");
  EXPECT_EQ(AcquireFiles(target, options_, sink_).status(), sink_.status);
}

TEST_F(AcquireFilesTest, AFileThatGoesAwayDuringTheWalkIsARecord) {
  Write("/a/1", "1");
  Write("/a/2", "2");
  sink_.on_item = [this](const v1::Item&) { fs::remove(root_ + "/a/2"); };
  Files("/a/*");
  EXPECT_EQ(Item("/a/2").item.state(), v1::Item::STATE_FAILED);
  EXPECT_EQ(Item("/a/2").item.failure().cause(), v1::CAUSE_VANISHED);
}

TEST_F(AcquireFilesTest, AFolderSwappedForALinkDuringTheWalkIsNotFollowed) {
  Write("/a/1", "1");
  Write("/a/2/x", "x");
  Write("/secret/x", "secret");
  sink_.on_item = [this](const v1::Item& item) {
    if (item.path() != "/a/1") return;
    fs::remove_all(root_ + "/a/2");
    fs::create_directory_symlink("/secret", root_ + "/a/2");
  };
  Files("/a/**");
  EXPECT_EQ(Item("/a/2").item.kind(), v1::Item::KIND_SYMBOLIC_LINK);
  for (const FakeItemSink::Taken& taken : sink_.taken) EXPECT_NE(taken.bytes, "secret");
}

TEST_F(AcquireFilesTest, DoesNotWanderIntoPseudoFileSystems) {
  options_.root = "";
  Paths("/**1");
  EXPECT_EQ(Item("/proc").item.state(), v1::Item::STATE_FAILED);
  EXPECT_EQ(Item("/proc").item.failure().cause(), v1::CAUSE_PSEUDO_FILE_SYSTEM);
  EXPECT_EQ(sink_.Find("/proc/version"), nullptr);
  Files("/proc/vers*");
  EXPECT_NE(Item("/proc/version").bytes, "") << "named, it is entered; and its size says 0";
}

TEST_F(AcquireFilesTest, DoesNotReadFilesWithoutEnd) {
  options_.root = "";
  Files("/proc/kmsg");
  EXPECT_EQ(Item("/proc/kmsg").item.state(), v1::Item::STATE_FAILED);
  EXPECT_EQ(Item("/proc/kmsg").item.failure().cause(), v1::CAUSE_NOT_SUPPORTED);
}

TEST_F(AcquireFilesTest, NamesAreBytes) {
  Write("/a/\xff\xfe\n\x01", "odd");
  Files("/a/*");
  EXPECT_EQ(Item("/a/\xff\xfe\n\x01").bytes, "odd");
}

class TreeOfDrives final : public FileTree {
 public:
  explicit TreeOfDrives(const std::string& root) : tree_(NewSystemTree(root)) {}
  absl::StatusOr<std::unique_ptr<TreeFolder>> OpenRoot() override { return tree_->OpenRoot(); }
  char separator() const override { return '\\'; }
  std::string drive() const override { return "C:"; }

 private:
  const std::unique_ptr<FileTree> tree_;
};

// An offline Windows with these values.
class WindowsTrees final : public TreeProvider, public SystemFacts {
 public:
  WindowsTrees(const std::string& root, WindowsValues values) : tree_(root), values_(std::move(values)) {}
  absl::StatusOr<TreeSet> Open(uint32_t, ItemSink&) override { return TreeSet{.offline = &tree_, .facts = this}; }
  absl::StatusOr<std::vector<std::string>> Expand(std::string_view pattern) const override {
    return ExpandWindowsVariables(pattern, values_);
  }
  absl::StatusOr<RegistryEnd> ReadKeys(const HivePlace&, const std::optional<std::string>&, const OnKey&) override {
    return absl::NotFoundError("none");
  }

 private:
  TreeOfDrives tree_;
  const WindowsValues values_;
};

TEST_F(AcquireFilesTest, AFolderOnAnotherMachineIsSaidAndTheUsualOneIsTaken) {
  Write("/C:/Users/mika/AppData/Roaming/x", "usual");
  WindowsValues values;
  values.profiles = {{.sid = "S-1", .path = R"(C:\Users\mika)", .appdata = R"(\\server\homes\mika)"},
                     // More parts than a pattern may have.
                     {.sid = "S-2", .path = R"(C:\Users\eve)", .appdata = "C:" + std::string(200, '\\')}};
  for (int i = 0; i < 70; ++i) values.profiles[1].appdata += "\\a";
  options_.trees = std::make_shared<WindowsTrees>(root_, values);
  v1::Target target;
  target.set_artifact("An");
  target.mutable_file()->set_separator("\\");
  target.mutable_file()->set_pattern(R"(%%users.appdata%%\x)");
  const absl::StatusOr<v1::TargetOutcome> outcome = AcquireFiles(target, options_, sink_);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_FALSE(outcome->has_failure());
  EXPECT_EQ(Item(R"(C:\Users\mika\AppData\Roaming\x)").bytes, "usual");
  EXPECT_EQ(Item(R"(\\server\homes\mika\x)").item.failure().cause(), v1::CAUSE_REMOTE_FILE_SYSTEM);
  EXPECT_EQ(sink_.taken.size(), 3u);
}

}  // namespace
}  // namespace hozen
