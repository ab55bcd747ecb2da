// The agent's service, with something else to serve than an agent: this program is both the test and the service.
#include "agent/app/windows_service.h"

#include <windows.h>

#include <filesystem>
#include <string>
#include <vector>

#include "agent/app/shutdown_signal.h"
#include "agent/platform/process_start.h"
#include "core/base/concat.h"
#include "core/base/path_text.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

constexpr int kFails = 3;
constexpr char kFailing[] = "C:\\state that is not there";
constexpr char kStubborn[] = "C:\\state of one that does not stop";
constexpr wchar_t kServiceKey[] = L"SYSTEM\\CurrentControlSet\\Services\\hozen-agent";
constexpr wchar_t kEventsKey[] = L"SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\hozen-agent";
constexpr char kGood[] = "C:\\a state folder";

// What the agent does: ready, until it is told to stop; or an exit status at once; or it does not listen.
int ServeAsATest(const std::vector<std::string>& words) {
  const absl::StatusOr<int> ended = BeService([&words](const std::function<void()>& on_running) {
    if (words.back() == kFailing) return kFails;
    if (!CatchShutdownSignals()) return kFails;
    on_running();
    if (words.back() == kStubborn) ::Sleep(INFINITE);
    WaitForShutdownSignal();
    return 0;
  });
  return ended.ok() ? *ended : 1;
}

// Wine forgets a removed service when its process has ended, which may be a moment later.
absl::Status UninstallWholly() {
  absl::Status status;
  for (int i = 0; i < 600; ++i) {
    status = UninstallService();
    if (absl::IsNotFound(status)) return status;
    ::Sleep(100);
  }
  return status;
}

class WindowsServiceTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(absl::IsNotFound(UninstallWholly())); }
  void TearDown() override { EXPECT_TRUE(absl::IsNotFound(UninstallWholly())); }
  const std::filesystem::path program_ = PathOf(OwnExecutable());
};

std::wstring TextInRegistry(const wchar_t* key, const wchar_t* value) {
  wchar_t text[512] = {};
  DWORD size = sizeof(text);
  ::RegGetValueW(HKEY_LOCAL_MACHINE, key, value, RRF_RT_REG_SZ | RRF_RT_REG_EXPAND_SZ | RRF_NOEXPAND, nullptr, text,
                 &size);
  return text;
}

TEST_F(WindowsServiceTest, IsInstalledStartedStoppedAndRemoved) {
  EXPECT_TRUE(absl::IsNotFound(StartInstalledService()));
  EXPECT_TRUE(absl::IsNotFound(StopInstalledService()));
  const absl::StatusOr<Installed> installed = InstallService(program_, PathOf(kGood));
  ASSERT_TRUE(installed.ok()) << installed.status();
  EXPECT_EQ(installed->replaced, "");
  for (int i = 0; i < 2; ++i) {  // it starts again after it was stopped
    ASSERT_EQ(StartInstalledService(), absl::OkStatus());
    EXPECT_EQ(StartInstalledService(), absl::OkStatus()) << "it runs already";
    ASSERT_EQ(StopInstalledService(), absl::OkStatus());
    EXPECT_EQ(StopInstalledService(), absl::OkStatus()) << "it does not run";
  }
  ASSERT_EQ(StartInstalledService(), absl::OkStatus());
  EXPECT_EQ(UninstallService(), absl::OkStatus()) << "also while it runs";
  EXPECT_TRUE(absl::IsNotFound(UninstallWholly()));
}

TEST_F(WindowsServiceTest, BothPathsAreInQuotationMarksAndTheEventLogKnowsItsMessages) {
  ASSERT_TRUE(InstallService(program_, PathOf(kGood)).ok());
  EXPECT_EQ(TextInRegistry(kServiceKey, L"ImagePath"),
            L"\"" + program_.wstring() + L"\" service --state \"C:\\a state folder\"");
  EXPECT_EQ(TextInRegistry(kEventsKey, L"EventMessageFile"), program_.wstring());
  ASSERT_EQ(UninstallService(), absl::OkStatus());
  EXPECT_EQ(TextInRegistry(kEventsKey, L"EventMessageFile"), L"");
}

TEST_F(WindowsServiceTest, InstalledAgainItHasTheNewSettings) {
  ASSERT_TRUE(InstallService(program_, PathOf(kFailing)).ok());
  const absl::StatusOr<Installed> again = InstallService(program_, PathOf(kGood));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->replaced, Concat("\"", PathText(program_), "\" service --state \"", kFailing, "\""));
  EXPECT_EQ(StartInstalledService(), absl::OkStatus());
}

TEST_F(WindowsServiceTest, WhatAnInstallationHasChangedCanBeChangedBack) {
  ASSERT_TRUE(InstallService(L"C:\\Program Files\\old.exe", PathOf(kGood)).ok());
  const absl::StatusOr<Installed> again = InstallService(program_, PathOf(kGood));
  ASSERT_TRUE(again.ok()) << again.status();
  ASSERT_EQ(RestoreService(again->replaced), absl::OkStatus());
  EXPECT_EQ(TextInRegistry(kServiceKey, L"ImagePath"),
            L"\"C:\\Program Files\\old.exe\" service --state \"C:\\a state folder\"");
  EXPECT_EQ(TextInRegistry(kEventsKey, L"EventMessageFile"), L"C:\\Program Files\\old.exe");
}

TEST_F(WindowsServiceTest, OneThatDoesNotStopIsEndedAndRemoved) {
  ASSERT_TRUE(InstallService(program_, PathOf(kStubborn)).ok());
  ASSERT_EQ(StartInstalledService(), absl::OkStatus());
  EXPECT_TRUE(absl::IsDeadlineExceeded(StopInstalledService(absl::Seconds(1))));
  EXPECT_EQ(UninstallService(absl::Seconds(1)), absl::OkStatus());
  EXPECT_TRUE(absl::IsNotFound(UninstallWholly()));
  ASSERT_TRUE(InstallService(program_, PathOf(kGood)).ok());
  EXPECT_EQ(StartInstalledService(), absl::OkStatus());
}

TEST_F(WindowsServiceTest, OneThatEndsByItselfSaysWithWhatStatus) {
  ASSERT_TRUE(InstallService(program_, PathOf(kFailing)).ok());
  const absl::Status started = StartInstalledService();
  EXPECT_TRUE(absl::IsFailedPrecondition(started)) << started;
  EXPECT_NE(started.ToString().find("exit status 3"), std::string::npos) << started;
}

TEST_F(WindowsServiceTest, NobodyButTheManagerCanStartIt) {
  EXPECT_TRUE(absl::IsFailedPrecondition(BeService([](const std::function<void()>&) { return 0; }).status()));
}

TEST_F(WindowsServiceTest, ItsProgramMustLieWhereOnlyAdministratorsWrite) {
  const absl::Status elsewhere = CheckProgramPlace(program_);
  EXPECT_TRUE(absl::IsFailedPrecondition(elsewhere)) << elsewhere;
  EXPECT_NE(elsewhere.ToString().find("Program Files\\Hozen"), std::string::npos) << elsewhere;
  EXPECT_EQ(CheckProgramPlace(L"c:\\PROGRAM FILES\\Somebody\\bin\\hozen-agent.exe"), absl::OkStatus());
  EXPECT_FALSE(CheckProgramPlace(L"C:\\Program Files.exe").ok());
  EXPECT_FALSE(CheckProgramPlace(L"hozen-agent.exe").ok());
}

TEST_F(WindowsServiceTest, ItsStateIsWhereProgramsKeepData) {
  const absl::StatusOr<std::filesystem::path> state = ServiceStateFolder();
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(state->filename(), L"agent");
  EXPECT_TRUE(std::filesystem::exists(state->parent_path().parent_path()));
}

}  // namespace
}  // namespace hozen

int main(int argc, char** argv) {
  const std::vector<std::string> words = hozen::CommandLineWords(argc, argv);
  if (!words.empty() && words.front() == "service") return hozen::ServeAsATest(words);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
