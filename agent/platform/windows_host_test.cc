// The host as Windows tells it, and programs run on it.
#include <windows.h>

#include <string>

#include "absl/time/clock.h"
#include "agent/platform/child_process.h"
#include "agent/platform/disk.h"
#include "agent/platform/drives.h"
#include "agent/platform/host_facts.h"
#include "agent/platform/mounts.h"
#include "agent/platform/priority.h"
#include "agent/platform/private_folder.h"
#include "agent/platform/process_start.h"
#include "agent/platform/resource_usage.h"
#include "agent/platform/trusted_program.h"
#include "core/base/file.h"
#include "core/base/path_text.h"
#include "core/base/testing_folder.h"
#include "core/base/windows_text.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

constexpr char kShell[] = "C:\\windows\\system32\\cmd.exe";

TEST(WindowsHostTest, FactsAreThose) {
  const v1::HostFacts facts = CollectHostFacts();
  EXPECT_EQ(facts.system(), "windows");
  EXPECT_FALSE(facts.hostname().empty());
  EXPECT_THAT(facts.system_version(), HasSubstr("Windows"));
  EXPECT_EQ(facts.architecture(), "x86_64");
  EXPECT_GT(facts.cpus(), 0u);
  EXPECT_GT(facts.memory_bytes(), uint64_t{64} << 20);
  EXPECT_GT(facts.booted_unix_ns(), 0);
}

TEST(WindowsHostTest, DrivesAreMounts) {
  EXPECT_THAT(ListDrives(), Contains(SystemDrive()));
  EXPECT_EQ(SystemSeparator(), '\\');
  const absl::StatusOr<MountTable> mounts = MountTable::Read();
  ASSERT_TRUE(mounts.ok()) << mounts.status();
  const Mount* const system = mounts->Of(SystemDrive() + "\\Windows\\System32");
  ASSERT_NE(system, nullptr);
  EXPECT_EQ(system->path, SystemDrive());
  EXPECT_EQ(system->kind, MountKind::kLocal);
}

TEST(WindowsHostTest, AVolumeIsFoundByItsName) {
  wchar_t name[64] = {};  // "\\?\Volume{...}\"
  const std::wstring drive = std::wstring(1, static_cast<wchar_t>(SystemDrive()[0])) + L":\\";
  if (!::GetVolumeNameForVolumeMountPointW(drive.c_str(), name, 64)) GTEST_SKIP() << "it has no name";
  const std::string device = Wtf8OfWide(name);
  EXPECT_EQ(PathOfVolume(device.substr(4, device.size() - 5)), SystemDrive());
  EXPECT_FALSE(PathOfVolume("Volume{00000000-1111-2222-3333-444444444444}").has_value());
  for (const std::string& without : ListVolumesWithoutDrive()) {
    EXPECT_EQ(without.find(R"(\\?\Volume{)"), 0u) << without;
  }
}

TEST(WindowsHostTest, UsageAndPriority) {
  const ResourceUsage usage = ReadResourceUsage();
  EXPECT_GT(usage.resident_bytes, 0u);
  const absl::StatusOr<uint64_t> free = FreeBytes("C:\\");
  ASSERT_TRUE(free.ok()) << free.status();
  EXPECT_GT(*free, 0u);
  EXPECT_TRUE(LowerPriority().ok());
  EXPECT_TRUE(LowerPriority().ok());
  EXPECT_THAT(OwnExecutable(), HasSubstr("windows_host_test"));
}

TEST(WindowsHostTest, FilesAreDisksAndFoldersAreNot) {
  const TestingFolder folder;
  PutFile(folder / "disk.img", std::string(4096, 'd'));
  const absl::StatusOr<OpenedDisk> disk = OpenDisk(PathText(folder / "disk.img"));
  ASSERT_TRUE(disk.ok()) << disk.status();
  EXPECT_EQ(disk->size_bytes, 4096u);
  EXPECT_FALSE(disk->is_block_device);
  EXPECT_TRUE(absl::IsInvalidArgument(OpenDisk(PathText(folder.path())).status()));
  EXPECT_TRUE(absl::IsNotFound(OpenDisk(PathText(folder / "none")).status()));
}

TEST(WindowsHostTest, AFolderOfOursIsPrivate) {
  const TestingFolder folder;
  ASSERT_TRUE(MakeFolders(folder / "state", 0700).ok());
  const absl::StatusOr<bool> is_private = IsPrivateFolder(folder / "state");
  ASSERT_TRUE(is_private.ok()) << is_private.status();
  EXPECT_TRUE(*is_private);
  std::filesystem::create_directory(folder / "open");
  ASSERT_TRUE(MakeFolderPrivate(folder / "open").ok());
  EXPECT_TRUE(*IsPrivateFolder(folder / "open"));
  EXPECT_THAT(PrivateFolderCommand(folder / "open"), HasSubstr("icacls"));
}

TEST(RunCommandTest, GivesOutputErrorsAndExitStatus) {
  std::string output;
  const absl::StatusOr<CommandEnd> end =
      RunCommand({.executable = kShell, .arguments = {"/c", "echo out& echo bad 1>&2& exit 7"}}, absl::Seconds(60),
                 [&](std::string_view piece) {
                   output += piece;
                   return absl::OkStatus();
                 });
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_THAT(output, HasSubstr("out"));
  EXPECT_THAT(end->standard_error, HasSubstr("bad"));
  EXPECT_EQ(end->exit_status, 7);
  EXPECT_FALSE(end->timed_out);
}

TEST(RunCommandTest, IsKilledAtItsTimeLimit) {
  const absl::Time started = absl::Now();
  const absl::StatusOr<CommandEnd> end =
      RunCommand({.executable = kShell, .arguments = {"/c", "pause"}}, absl::Milliseconds(200),
                 [](std::string_view) { return absl::OkStatus(); });
  ASSERT_TRUE(end.ok()) << end.status();
  // Standard input is empty, so a shell may also end by itself.
  EXPECT_TRUE(end->timed_out || end->exit_status != 259);
  EXPECT_LT(absl::Now() - started, absl::Seconds(30));
}

TEST(RunCommandTest, WhatIsNotThereIsNotFound) {
  const absl::StatusOr<CommandEnd> end = RunCommand({.executable = "C:\\none.exe", .arguments = {}}, absl::Seconds(5),
                                                    [](std::string_view) { return absl::OkStatus(); });
  EXPECT_TRUE(absl::IsNotFound(end.status())) << end.status();
}

TEST(TrustedProgramTest, OnlyTheSystemsOwnFolderCounts) {
  EXPECT_TRUE(CheckTrustedProgram(kShell).ok()) << CheckTrustedProgram(kShell);
  const TestingFolder folder;
  PutFile(folder / "cmd.exe", "x");
  EXPECT_TRUE(absl::IsFailedPrecondition(CheckTrustedProgram(PathText(folder / "cmd.exe"))));
  EXPECT_TRUE(absl::IsFailedPrecondition(CheckTrustedProgram("C:\\windows\\system32")));
  EXPECT_TRUE(absl::IsNotFound(CheckTrustedProgram("C:\\windows\\system32\\none.exe")));
}

}  // namespace
}  // namespace hozen
