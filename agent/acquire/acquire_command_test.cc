#include <filesystem>
#include <string>
#include <vector>

#include "agent/acquire/acquire.h"
#include "agent/acquire/fake_item_sink.h"
#include "core/plan/allowed_commands.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

v1::Target CommandTarget(const std::string& command, const std::vector<std::string>& arguments) {
  v1::Target target;
  target.set_artifact("An");
  target.mutable_command()->set_command(command);
  for (const std::string& argument : arguments) target.mutable_command()->add_arguments(argument);
  return target;
}

TEST(AcquireCommandTest, TakesWhatACommandPrints) {
  if (!std::filesystem::exists("/bin/mount")) GTEST_SKIP() << "this host has no /bin/mount";
  FakeItemSink sink;
  const absl::StatusOr<v1::TargetOutcome> outcome =
      AcquireCommand(CommandTarget("/bin/mount", {}), {.target_index = 3}, sink);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_FALSE(outcome->has_failure()) << outcome->failure().DebugString();
  EXPECT_EQ(outcome->matched_items(), 1u);
  ASSERT_EQ(sink.taken.size(), 1u);
  const v1::Item& item = sink.taken[0].item;
  EXPECT_EQ(item.kind(), v1::Item::KIND_COMMAND_OUTPUT);
  EXPECT_EQ(item.path(), "/bin/mount");
  EXPECT_EQ(item.command().command(), "/bin/mount");
  EXPECT_EQ(item.command().exit_status(), 0);
  EXPECT_NE(sink.taken[0].bytes.find(" on /proc "), std::string::npos);
  EXPECT_EQ(sink.traces.size(), 1u);
}

TEST(AcquireCommandTest, RunsOnlyTheListAndOnlyWithItsArguments) {
  const std::vector<v1::Target> refused = {
      CommandTarget("/bin/sh", {"-c", "id"}),   CommandTarget("/bin/ps", {}),
      CommandTarget("/bin/ps", {"-ef", "--"}),  CommandTarget("ps", {"-ef"}),
      CommandTarget("/bin/../bin/ps", {"-ef"}), CommandTarget("", {}),
      CommandTarget("/bin/mount", {""}),        CommandTarget("/sbin/sysctl", {"-a", "-w", "kernel.panic=1"})};
  for (const v1::Target& target : refused) {
    EXPECT_FALSE(IsAllowedCommand(target.command())) << target.DebugString();
    FakeItemSink sink;
    const absl::StatusOr<v1::TargetOutcome> outcome = AcquireCommand(target, {}, sink);
    ASSERT_TRUE(outcome.ok()) << outcome.status();
    EXPECT_EQ(outcome->failure().cause(), v1::CAUSE_COMMAND_NOT_ALLOWED);
    EXPECT_TRUE(sink.taken.empty());
  }
  EXPECT_TRUE(IsAllowedCommand(CommandTarget("/bin/ps", {"-ef"}).command()));
  EXPECT_TRUE(IsAllowedCommand(CommandTarget("/sbin/iptables", {"-L", "-n", "-v"}).command()));
}

TEST(AcquireCommandTest, SaysSoWhereACommandIsNotInstalled) {
  if (std::filesystem::exists("/opt/CrowdStrike/falconctl")) GTEST_SKIP() << "this host has it";
  FakeItemSink sink;
  const absl::StatusOr<v1::TargetOutcome> outcome =
      AcquireCommand(CommandTarget("/opt/CrowdStrike/falconctl", {"-g", "--cid", "--aid"}), {}, sink);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->failure().cause(), v1::CAUSE_NOT_FOUND);
  EXPECT_TRUE(sink.taken.empty());
}

TEST(AcquireCommandTest, WhatIsWindowsAloneIsNotLookedForInThisFolder) {
  FakeItemSink sink;
  const absl::StatusOr<v1::TargetOutcome> outcome =
      AcquireCommand(CommandTarget("netsh.exe", {"advfirewall", "firewall", "show", "rule", "name=all"}), {}, sink);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->failure().cause(), v1::CAUSE_NOT_FOUND);
  EXPECT_TRUE(sink.taken.empty());
}

TEST(AcquireCommandTest, KeepsItsTimeLimit) {
  if (!std::filesystem::exists("/bin/mount")) GTEST_SKIP() << "this host has no /bin/mount";
  FakeItemSink sink;
  const absl::StatusOr<v1::TargetOutcome> outcome =
      AcquireCommand(CommandTarget("/bin/mount", {}), {.command_timeout = absl::ZeroDuration()}, sink);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->failure().cause(), v1::CAUSE_TIMED_OUT);
}

TEST(AcquireCommandTest, StopsWithTheSinksOwnWordsAndDoesNotRunAgain) {
  FakeItemSink sink;
  sink.poll_status = absl::CancelledError("an operator");
  EXPECT_EQ(AcquireCommand(CommandTarget("/bin/mount", {}), {}, sink).status(), sink.poll_status);
  sink.already_taken = {"/bin/ps -ef"};
  const absl::StatusOr<v1::TargetOutcome> outcome = AcquireCommand(CommandTarget("/bin/ps", {"-ef"}), {}, sink);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->matched_items(), 1u);
  EXPECT_TRUE(sink.taken.empty());
}

}  // namespace
}  // namespace hozen
