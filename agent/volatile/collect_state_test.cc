// The kinds of state of this very machine.
#include "agent/volatile/collect_state.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <google/protobuf/util/json_util.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "agent/acquire/fake_item_sink.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/unique_fd.h"
#include "core/crypto/sha256.h"
#include "core/plan/state_kinds.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using State = v1::Target::VolatileState;

constexpr char kProgram[] = "/bin/sleep";

std::string BytesOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A child that runs `program` until it goes.
class Child {
 public:
  // By a descriptor; its name has no part in it.
  explicit Child(int program) : pid_(fork()) {
    if (pid_ != 0) return;
    char name[] =
        "sl\xff"
        "eep";
    char seconds[] = "600";
    char secret[] = "SECRET=a\nb";
    char* const arguments[] = {name, seconds, nullptr};
    char* const environment[] = {secret, nullptr};
    fexecve(program, arguments, environment);
    _exit(127);
  }
  ~Child() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }
  // Until it is that program, and no longer us.
  void AwaitProgram() const {
    const std::string cmdline = Concat("/proc/", pid_, "/cmdline");
    const absl::Time end = absl::Now() + absl::Seconds(30);
    while (BytesOf(cmdline).rfind("sl\xff", 0) != 0 && absl::Now() < end) absl::SleepFor(absl::Milliseconds(5));
  }

 private:
  const pid_t pid_;
};

class CollectStateTest : public ::testing::Test {
 protected:
  std::vector<v1::VolatileRecord> Collect(State::Kind kind) {
    v1::Target target;
    target.mutable_state()->set_kind(kind);
    target.set_artifact("A");
    absl::StatusOr<v1::TargetOutcome> outcome = CollectState(target, options_, sink_);
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    if (!outcome.ok()) return {};
    outcome_ = *outcome;
    const FakeItemSink::Taken* const taken = sink_.Find(StateItemPath(kind));
    if (taken == nullptr) return {};
    EXPECT_EQ(taken->item.kind(), v1::Item::KIND_STATE);
    EXPECT_TRUE(taken->until_end);
    EXPECT_TRUE(IsValidUtf8(taken->bytes));
    std::vector<v1::VolatileRecord> records;
    for (const absl::string_view line : absl::StrSplit(taken->bytes, '\n', absl::SkipEmpty())) {
      v1::VolatileRecord& record = records.emplace_back();
      const auto status = google::protobuf::util::JsonStringToMessage({line.data(), line.size()}, &record);
      EXPECT_TRUE(status.ok()) << status.ToString() << "\n" << line;
    }
    if (records.empty() || !records.back().has_end()) {
      ADD_FAILURE() << "a stream without its end";
      return records;
    }
    EXPECT_EQ(records.back().end().records(), records.size() - 1);
    return records;
  }

  const v1::ProcessState* Process(const std::vector<v1::VolatileRecord>& records, pid_t pid) {
    for (const v1::VolatileRecord& record : records) {
      if (record.process().pid() == pid) return &record.process();
    }
    ADD_FAILURE() << "no process " << pid;
    return nullptr;
  }

  FakeItemSink sink_;
  AcquireOptions options_;
  v1::TargetOutcome outcome_;
};

TEST_F(CollectStateTest, EachKindYieldsLinesWithAnEnd) {
  for (int kind = State::KIND_CLOCK; kind <= State::KIND_LOGINS; ++kind) {
    SCOPED_TRACE(StateKindName(static_cast<State::Kind>(kind)));
    EXPECT_FALSE(Collect(static_cast<State::Kind>(kind)).empty());
  }
}

TEST_F(CollectStateTest, AKindThatIsNotKnownOrAnotherSystemsIsAnOutcome) {
  std::vector<int> kinds = {99};
  for (int kind = State::KIND_SERVICES; kind <= State::Kind_MAX; ++kind) kinds.push_back(kind);
  for (const int kind : kinds) {
    EXPECT_THAT(Collect(static_cast<State::Kind>(kind)), IsEmpty()) << kind;
    EXPECT_EQ(outcome_.failure().cause(), v1::CAUSE_NOT_SUPPORTED) << kind;
  }
}

TEST_F(CollectStateTest, TheClockIsNow) {
  const std::vector<v1::VolatileRecord> records = Collect(State::KIND_CLOCK);
  ASSERT_FALSE(records.empty());
  EXPECT_NEAR(static_cast<double>(records[0].clock().utc().seconds()),
              absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch()), 60);
  std::string boot_id = BytesOf("/proc/sys/kernel/random/boot_id");
  boot_id.pop_back();
  EXPECT_EQ(records[0].clock().boot_id(), boot_id);
}

TEST_F(CollectStateTest, ADeletedExecutableComesInFull) {
  const std::string path = (std::filesystem::canonical(::testing::TempDir()) / "gone").string();
  std::filesystem::copy_file(kProgram, path, std::filesystem::copy_options::overwrite_existing);
  const UniqueFd program(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const Child child(program.get());
  child.AwaitProgram();
  std::filesystem::remove(path);
  const std::string bytes = BytesOf(kProgram);

  const std::vector<v1::VolatileRecord> records = Collect(State::KIND_PROCESSES);
  const v1::ProcessState* const process = Process(records, child.pid());
  ASSERT_NE(process, nullptr);
  EXPECT_EQ(process->parent_pid(), getpid());
  EXPECT_TRUE(process->executable().deleted());
  EXPECT_FALSE(process->executable().memory_only());
  EXPECT_EQ(process->executable().path(), path + " (deleted)");
  EXPECT_EQ(process->executable().sha256(), Sha256::Of(bytes).ToHex());
  ASSERT_EQ(process->command_line_size(), 2);
  EXPECT_EQ(process->command_line(0), R"(sl\xffeep)");
  ASSERT_EQ(process->environment_size(), 1);
  EXPECT_EQ(process->environment(0).value(), R"(a\x0ab)");
  EXPECT_FALSE(process->vanished());
  EXPECT_FALSE(process->namespaces().empty());
  EXPECT_NEAR(static_cast<double>(process->started().seconds()), absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch()),
              120);
  ASSERT_FALSE(process->uids().empty());
  EXPECT_EQ(process->uids(0), getuid());

  const FakeItemSink::Taken* const item = sink_.Find(process->executable().item());
  ASSERT_NE(item, nullptr);
  EXPECT_EQ(item->item.kind(), v1::Item::KIND_FILE);
  EXPECT_EQ(item->bytes, bytes);
  EXPECT_EQ(item->item.file().link_target(), path + " (deleted)");
}

TEST_F(CollectStateTest, AnExecutableInMemoryAloneComesInFull) {
  const std::string bytes = BytesOf(kProgram);
  const UniqueFd memory(memfd_create("evil", MFD_CLOEXEC));
  ASSERT_EQ(write(memory.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  const UniqueFd program(open(Concat("/proc/self/fd/", memory.get()).c_str(), O_RDONLY | O_CLOEXEC));
  const Child child(program.get());
  child.AwaitProgram();
  const std::vector<v1::VolatileRecord> records = Collect(State::KIND_PROCESSES);
  const v1::ProcessState* const process = Process(records, child.pid());
  ASSERT_NE(process, nullptr);
  EXPECT_TRUE(process->executable().memory_only());
  EXPECT_EQ(process->executable().path(), "/memfd:evil (deleted)");
  const FakeItemSink::Taken* const item = sink_.Find(process->executable().item());
  ASSERT_NE(item, nullptr);
  EXPECT_EQ(item->bytes, bytes);
}

TEST_F(CollectStateTest, AZombieHasNoneOfThatAndDidNotVanish) {
  const pid_t pid = fork();
  if (pid == 0) _exit(0);
  siginfo_t info = {};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT), 0);
  const std::vector<v1::VolatileRecord> records = Collect(State::KIND_PROCESSES);
  const v1::ProcessState* const process = Process(records, pid);
  waitpid(pid, nullptr, 0);
  ASSERT_NE(process, nullptr);
  EXPECT_EQ(process->state(), "Z");
  EXPECT_FALSE(process->vanished());
  ASSERT_FALSE(process->missing().empty());
  for (const v1::Missing& missing : process->missing()) {
    EXPECT_EQ(missing.failure().cause(), v1::CAUSE_NOT_FOUND) << missing.what() << missing.failure().detail();
  }
}

TEST_F(CollectStateTest, SocketsNameTheirOwners) {
  const UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(listen(listener.get(), 5), 0);
  socklen_t size = sizeof(address);
  ASSERT_EQ(getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  bool found = false;
  for (const v1::VolatileRecord& record : Collect(State::KIND_SOCKETS)) {
    const v1::SocketState& socket = record.socket();
    if (socket.protocol() != "tcp" || socket.local_port() != ntohs(address.sin_port)) continue;
    if (socket.state() != "LISTEN") continue;
    found = true;
    EXPECT_EQ(socket.local_address(), "127.0.0.1");
    ASSERT_EQ(socket.owners_size(), 1);
    EXPECT_EQ(socket.owners(0).pid(), getpid());
    EXPECT_EQ(socket.owners(0).fd(), listener.get());
    EXPECT_THAT(socket.seen_in(), Contains("/proc/net/tcp"));
    EXPECT_EQ(socket.uid(), getuid());
    EXPECT_NE(socket.network_namespace(), 0u);
  }
  EXPECT_TRUE(found);
}

TEST_F(CollectStateTest, TheLoopbackInterfaceIsThere) {
  bool found = false;
  for (const v1::VolatileRecord& record : Collect(State::KIND_NETWORK)) {
    if (record.network_interface().name() != "lo") continue;
    found = true;
    EXPECT_THAT(record.network_interface().flags(), Contains("LOOPBACK"));
    EXPECT_THAT(record.network_interface().addresses(), Contains("127.0.0.1/8"));
  }
  EXPECT_TRUE(found);
}

TEST_F(CollectStateTest, NobodyHidesHere) {
  for (const v1::VolatileRecord& record : Collect(State::KIND_HIDDEN_PROCESSES)) {
    EXPECT_FALSE(record.has_hidden_process()) << record.DebugString();
  }
}

TEST_F(CollectStateTest, WhatTheOwnerRefusesIsNotRead) {
  options_.refused_paths = {"/proc/*/environ", "/proc/*/exe"};
  const std::vector<v1::VolatileRecord> records = Collect(State::KIND_PROCESSES);
  const v1::ProcessState* const process = Process(records, getpid());
  ASSERT_NE(process, nullptr);
  EXPECT_TRUE(process->environment().empty());
  EXPECT_TRUE(process->executable().sha256().empty());
  ASSERT_EQ(process->missing_size(), 2);
  EXPECT_EQ(process->missing(0).failure().cause(), v1::CAUSE_REFUSED_BY_POLICY);
  EXPECT_EQ(process->missing(1).failure().cause(), v1::CAUSE_REFUSED_BY_POLICY);
  EXPECT_EQ(outcome_.failure().cause(), v1::CAUSE_REFUSED_BY_POLICY);
}

TEST_F(CollectStateTest, APolicyThatCannotBeUnderstoodAllowsNothing) {
  options_.refused_paths = {"[a"};
  EXPECT_THAT(Collect(State::KIND_CLOCK), IsEmpty());
  EXPECT_EQ(outcome_.failure().cause(), v1::CAUSE_REFUSED_BY_POLICY);
  EXPECT_THAT(sink_.taken, IsEmpty());
}

TEST_F(CollectStateTest, WhatWasTakenBeforeARestartIsNotTakenAgain) {
  sink_.already_taken = {StateItemPath(State::KIND_CLOCK)};
  Collect(State::KIND_CLOCK);
  EXPECT_THAT(sink_.taken, IsEmpty());
  EXPECT_EQ(outcome_.matched_items(), 1u);
}

TEST_F(CollectStateTest, ASinkThatStopsIsObeyed) {
  v1::Target target;
  target.mutable_state()->set_kind(State::KIND_MOUNTS);
  sink_.poll_status = absl::CancelledError("stop");
  EXPECT_TRUE(absl::IsCancelled(CollectState(target, options_, sink_).status()));
  sink_.poll_status = absl::OkStatus();
  sink_.status = absl::DeadlineExceededError("late");
  EXPECT_TRUE(absl::IsDeadlineExceeded(CollectState(target, options_, sink_).status()));
}

}  // namespace
}  // namespace hozen
