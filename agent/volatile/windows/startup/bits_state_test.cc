#include "agent/volatile/windows/startup/bits_state.h"

#include <windows.h>
// After windows.h.
#include <bits.h>
// After bits.h.
#include <bits1_5.h>

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "agent/platform/com_windows.h"
#include "agent/volatile/windows/startup/running_service.h"
#include "agent/volatile/windows/startup/testing_service_start.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::StartsWith;

constexpr wchar_t kName[] = L"Hozen \x1b test";

// Cancels the jobs of earlier runs, and makes one where it is asked to: it stays suspended, so nothing is transferred.
absl::Status Change(bool make) {
  return RunInApartment(
      [make]() -> absl::Status {
        ComPointer<IBackgroundCopyManager> manager;
        HRESULT result = ::CoCreateInstance(__uuidof(BackgroundCopyManager), nullptr, CLSCTX_LOCAL_SERVER,
                                            __uuidof(IBackgroundCopyManager), manager.ReceiveAny());
        ComPointer<IEnumBackgroundCopyJobs> jobs;
        if (SUCCEEDED(result)) result = manager->EnumJobs(0, jobs.Receive());
        if (FAILED(result)) return ComStatus(result, "asking BITS");
        for (int i = 0; i < 100; ++i) {
          ComPointer<IBackgroundCopyJob> old;
          ComTaskText name;
          ULONG got = 0;
          if (jobs->Next(1, old.Receive(), &got) != S_OK) break;
          if (SUCCEEDED(old->GetDisplayName(name.Receive())) && name.view() == kName) old->Cancel();
        }
        if (!make) return absl::OkStatus();
        ComPointer<IBackgroundCopyJob> job;
        GUID id = {};
        result = manager->CreateJob(kName, BG_JOB_TYPE_DOWNLOAD, &id, job.Receive());
        if (SUCCEEDED(result)) result = job->AddFile(L"http://127.0.0.1:9/evil.exe", L"C:\\evil.exe");
        ComPointer<IBackgroundCopyJob2> second;
        if (SUCCEEDED(result) && SUCCEEDED(job->QueryInterface(__uuidof(IBackgroundCopyJob2), second.ReceiveAny()))) {
          second->SetNotifyCmdLine(L"C:\\evil.exe", L"C:\\evil.exe -x");
        }
        return ComStatus(result, "making a job");
      },
      absl::Minutes(1));
}

TEST(BitsStateTest, AJobIsThereWithItsFiles) {
  if (!StartForTest(L"BITS")) GTEST_SKIP() << "this system has no BITS";
  const absl::Status made = Change(true);
  if (absl::IsUnimplemented(made)) GTEST_SKIP() << made;
  ASSERT_TRUE(made.ok()) << made;
  const StateContext context;
  const std::vector<v1::VolatileRecord> records = BitsRecords(context);
  EXPECT_TRUE(Change(false).ok());
  bool found = false;
  for (const v1::VolatileRecord& record : records) {
    EXPECT_FALSE(record.has_missing()) << record.ShortDebugString();
    const v1::BitsJob& job = record.bits_job();
    if (job.name() != "Hozen \\x1b test") continue;
    found = true;
    EXPECT_THAT(job.id(), StartsWith("{"));
    EXPECT_EQ(job.kind(), "download");
    EXPECT_EQ(job.state(), "suspended");
    ASSERT_EQ(job.files_size(), 1);
    EXPECT_EQ(job.files(0).remote(), "http://127.0.0.1:9/evil.exe");
    EXPECT_EQ(job.files(0).local(), "C:\\\\evil.exe");
    EXPECT_FALSE(job.files(0).complete());
    EXPECT_EQ(job.files(0).size_bytes(), 0u);
    // Wine keeps none.
    if (!job.notify_command().empty()) {
      EXPECT_EQ(job.notify_command(), "C:\\\\evil.exe C:\\\\evil.exe -x");
    }
  }
  EXPECT_TRUE(found);
}

TEST(BitsStateTest, WhatDoesNotRunIsNotStarted) { EXPECT_TRUE(absl::IsNotFound(CheckServiceRuns(L"HozenNone"))); }

}  // namespace
}  // namespace hozen
