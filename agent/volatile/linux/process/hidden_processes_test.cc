#include "agent/volatile/linux/process/hidden_processes.h"

#include <unistd.h>

#include <functional>
#include <set>
#include <string>

#include "agent/platform/process_probe.h"
#include "agent/volatile/linux/process_list.h"
#include "agent/volatile/linux/testing_root.h"
#include "core/base/concat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class HiddenProcessesTest : public ::testing::Test {
 protected:
  HiddenProcessesTest() : files_(root_.path()) {
    root_.Write("/proc/sys/kernel/pid_max", "2000\n");
    Show(1);
    options_.now = [this] { return now_; };
    options_.keep_on = [] { return true; };
    options_.probe = [this](int32_t pid) {
      if (on_probe_) on_probe_(pid);
      return answering_.count(pid) > 0 ? std::vector<std::string>{"kill"} : std::vector<std::string>();
    };
  }

  void Show(int32_t pid) {
    root_.MakeFolder(Concat("/proc/", pid, "/task/", pid));
    answering_.insert(pid);
  }

  std::vector<v1::VolatileRecord> Find() { return FindHiddenProcesses(files_, options_); }

  TestingRoot root_;
  KernelFiles files_;
  HiddenProcessOptions options_;
  absl::Time now_ = absl::UnixEpoch();
  std::set<int32_t> answering_;
  std::function<void(int32_t)> on_probe_;
};

TEST_F(HiddenProcessesTest, WhatAnswersAndIsNotListedIsHidden) {
  answering_.insert(1234);
  const std::vector<v1::VolatileRecord> records = Find();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].hidden_process().pid(), 1234);
  EXPECT_THAT(records[0].hidden_process().answers(), ElementsAre("kill"));
}

TEST_F(HiddenProcessesTest, ThreadsOfShownProcessesAreNotHidden) {
  root_.MakeFolder("/proc/1/task/77");
  answering_.insert(77);
  EXPECT_THAT(Find(), IsEmpty());
}

TEST_F(HiddenProcessesTest, AThreadIsToldByItsLeaderAlsoWhereNobodyListsIt) {
  answering_.insert(78);
  // Listed in no folder: /proc/78 answers when it is asked for by name. A listing would show this one, so it is made
  // when it is asked for.
  on_probe_ = [this](int32_t pid) {
    if (pid == 78) root_.Write("/proc/78/status", "Name:\tx\nTgid:\t1\nPid:\t78\nPPid:\t0\n");
    if (pid == 79) root_.Remove("/proc/78");
  };
  const std::vector<v1::VolatileRecord> records = Find();
  EXPECT_THAT(records, IsEmpty());
}

TEST_F(HiddenProcessesTest, WhatStartsOrEndsMeanwhileIsNotHidden) {
  on_probe_ = [this](int32_t pid) {
    if (pid == 100) Show(200);  // starts while numbers below are asked for
    if (pid == 299) answering_.insert(300);
    if (pid == 400) answering_.erase(300);  // ends before it is asked again
  };
  EXPECT_THAT(Find(), IsEmpty());
}

TEST_F(HiddenProcessesTest, WhereTimeIsUpTheRestIsNamed) {
  on_probe_ = [this](int32_t) { now_ += absl::Milliseconds(100); };
  const std::vector<v1::VolatileRecord> records = Find();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].missing().failure().cause(), v1::CAUSE_TIMED_OUT);
  EXPECT_EQ(records[0].missing().what(), "numbers 1024 to 2000");
}

TEST_F(HiddenProcessesTest, WhereProcHidesTheProcessesOfOthersThatIsSaid) {
  root_.Write("/proc/self/mountinfo", "20 1 0:20 / /proc rw - proc proc rw,hidepid=invisible\n");
  answering_.insert(5);
  const std::vector<v1::VolatileRecord> records = Find();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[1].missing().failure().cause(), v1::CAUSE_NOT_SUPPORTED);
}

TEST(ProcessProbeTest, WeAreThereAndTheLastNumberIsNot) {
  EXPECT_THAT(ProbeProcess(getpid()), ElementsAre("kill", "sched_getaffinity", "getpgid"));
  EXPECT_THAT(ProbeProcess(0), IsEmpty());
  EXPECT_THAT(ProbeProcess(-1), IsEmpty());
  EXPECT_THAT(ProbeProcess(0x7FFFFFFF), IsEmpty());
}

TEST(ProcessListTest, ParentsStandBeforeChildrenAndCirclesAreNoTrap) {
  const std::vector<ListedProcess> listed =
      InTreeOrder({{1, 0}, {2, 0}, {5, 1}, {9, 5}, {7, 1}, {20, 21}, {21, 20}, {30, 99}});
  std::vector<int32_t> pids;
  std::vector<uint32_t> depths;
  for (const ListedProcess& one : listed) {
    pids.push_back(one.pid);
    depths.push_back(one.depth);
  }
  EXPECT_THAT(pids, ElementsAre(1, 5, 9, 7, 2, 30, 20, 21));
  EXPECT_THAT(depths, ElementsAre(0u, 1u, 2u, 1u, 0u, 0u, 0u, 1u));
}

}  // namespace
}  // namespace hozen
