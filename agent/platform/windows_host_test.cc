// The host as Windows tells it, and programs run on it.
#include <windows.h>

#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "agent/platform/child_process.h"
#include "agent/platform/disk.h"
#include "agent/platform/drives.h"
#include "agent/platform/host_facts.h"
#include "agent/platform/mounts.h"
#include "agent/platform/priority.h"
#include "agent/platform/private_folder.h"
#include "agent/platform/process_start.h"
#include "agent/platform/remove_tree_windows.h"
#include "agent/platform/resource_usage.h"
#include "agent/platform/trusted_program.h"
#include "core/base/file.h"
#include "core/base/path_text.h"
#include "core/base/testing_folder.h"
#include "core/base/windows_handle.h"
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
  EXPECT_TRUE(absl::IsNotFound(CheckPrivateFolder(folder / "state")));
  ASSERT_TRUE(MakeFolders(folder / "state", 0700).ok());
  EXPECT_EQ(CheckPrivateFolder(folder / "state"), absl::OkStatus());
  PutFile(folder / "file", "");
  EXPECT_TRUE(absl::IsFailedPrecondition(CheckPrivateFolder(folder / "file")));
}

TEST(WindowsHostTest, AFolderThatOthersMayEnterIsNotBelieved) {
  const TestingFolder folder;
  std::filesystem::create_directory(folder / "open");
  const absl::Status open = CheckPrivateFolder(folder / "open");
  EXPECT_TRUE(absl::IsFailedPrecondition(open)) << open;
  EXPECT_THAT(open.ToString(), HasSubstr("open to S-1-1-0"));
  EXPECT_THAT(open.ToString(), HasSubstr("remove it or move it away"));
  ASSERT_TRUE(MakeFolderPrivate(folder / "open").ok());
  EXPECT_EQ(CheckPrivateFolder(folder / "open"), absl::OkStatus());
}

TEST(WindowsHostTest, TheFolderAboveCountsWhereItIsNamedForUs) {
  const TestingFolder folder;
  for (const char* const above : {"Other", "hozen"}) {
    std::filesystem::create_directory(folder / above);
    ASSERT_TRUE(MakeFolders(folder / above / "agent", 0700).ok());
  }
  EXPECT_EQ(CheckPrivateFolder(folder / "Other" / "agent"), absl::OkStatus());
  for (const char* const name : {"agent", "agent/", "none"}) {
    const absl::Status below = CheckPrivateFolder(folder / "hozen" / name);
    EXPECT_TRUE(absl::IsFailedPrecondition(below)) << name << ": " << below;
  }
}

TEST(RemoveTreeTest, TakesAllOfItAndSaysWhatIsLeft) {
  const TestingFolder folder;
  const std::filesystem::path tree = folder / "tree";
  EXPECT_TRUE(RemoveTree(tree).empty()) << "of what is not there nothing is left";
  std::filesystem::create_directories(tree / "保全" / "deep");
  PutFile(tree / "保全" / "deep" / "file", "x");
  PutFile(tree / "state.pb", "x");
  EXPECT_TRUE(RemoveTree(tree).empty());
  EXPECT_FALSE(std::filesystem::exists(tree));

  std::filesystem::create_directories(tree / "busy");
  PutFile(tree / "busy" / "held", "x");
  PutFile(tree / "free", "x");
  {
    const WindowsHandle held(::CreateFileW((tree / "busy" / "held").c_str(), GENERIC_READ, FILE_SHARE_READ, nullptr,
                                           OPEN_EXISTING, 0, nullptr));
    ASSERT_TRUE(held.valid());
    const std::vector<Leftover> left = RemoveTree(tree);
    ASSERT_EQ(left.size(), 3u);
    EXPECT_EQ(left[0].path, tree / "busy" / "held");
    EXPECT_FALSE(left[0].why.ok());
    EXPECT_EQ(left[1].path, tree / "busy");
    EXPECT_EQ(left[2].path, tree);
    EXPECT_FALSE(std::filesystem::exists(tree / "free"));
  }
  EXPECT_FALSE(GoesAtNextStart(tree));
  ASSERT_EQ(RemoveAtNextStart(tree / "busy" / "held"), absl::OkStatus());
  EXPECT_TRUE(GoesAtNextStart(tree));
  EXPECT_TRUE(GoesAtNextStart(tree / "BUSY"));
  EXPECT_FALSE(GoesAtNextStart(tree / "bus"));
  EXPECT_FALSE(GoesAtNextStart(folder / "tree2"));
  EXPECT_TRUE(RemoveTree(tree).empty());
  PutFile(folder / "file", "x");
  EXPECT_TRUE(RemoveTree(folder / "file").empty());
  EXPECT_FALSE(std::filesystem::exists(folder / "file"));
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
