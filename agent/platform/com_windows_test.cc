#include "agent/platform/com_windows.h"

#include <windows.h>
// After windows.h.
#include <objbase.h>
#include <shobjidl.h>

#include <atomic>
#include <memory>
#include <string>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "core/base/native_error.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

// Counts who holds it.
struct Counted {
  void AddRef() { ++references; }
  void Release() { --references; }
  int references = 1;
};

TEST(ComPointerTest, OneReferenceIsReleasedOnce) {
  Counted first, second;
  {
    ComPointer<Counted> pointer(&first);
    ComPointer<Counted> moved(std::move(pointer));
    EXPECT_FALSE(pointer);
    EXPECT_EQ(moved.get(), &first);
    *moved.Receive() = &second;
    EXPECT_EQ(first.references, 0);
    moved = ComPointer<Counted>();
    EXPECT_EQ(second.references, 0);
  }
  EXPECT_EQ(first.references, 0);
  EXPECT_EQ(second.references, 0);
}

TEST(ComTextTest, ZerosAreText) {
  using namespace std::string_view_literals;
  EXPECT_EQ(ComText(L"a\0b"sv).view(), L"a\0b"sv);
  EXPECT_EQ(ComText().view(), L"");
  ComText text(L"x");
  *text.Receive() = nullptr;
  EXPECT_EQ(text.view(), L"");
}

TEST(ComStatusTest, ErrorsKeepTheirMeaningAndNumber) {
  EXPECT_TRUE(ComStatus(S_OK, "x").ok());
  EXPECT_TRUE(ComStatus(S_FALSE, "x").ok());
  EXPECT_TRUE(absl::IsPermissionDenied(ComStatus(E_ACCESSDENIED, "x")));
  EXPECT_TRUE(absl::IsUnimplemented(ComStatus(REGDB_E_CLASSNOTREG, "x")));
  EXPECT_EQ(NativeErrorOf(ComStatus(REGDB_E_CLASSNOTREG, "x")), REGDB_E_CLASSNOTREG);
  const absl::Status disabled = ComStatus(HRESULT_FROM_WIN32(ERROR_SERVICE_DISABLED), "x");
  EXPECT_TRUE(absl::IsUnimplemented(disabled));
  EXPECT_EQ(NativeErrorOf(disabled), ERROR_SERVICE_DISABLED);
}

TEST(RunInApartmentTest, ObjectsCanBeMadeThere) {
  const absl::Status status = RunInApartment(
      [] {
        ComPointer<IUnknown> object;
        // Without threads of its own, in the process itself, and on every Windows.
        const HRESULT result = ::CoCreateInstance(__uuidof(ShellLink), nullptr, CLSCTX_INPROC_SERVER,
                                                  __uuidof(IUnknown), object.ReceiveAny());
        return ComStatus(result, "Making an object");
      },
      absl::Seconds(60));
  EXPECT_TRUE(status.ok()) << status;
}

TEST(RunInApartmentTest, WhatTheWorkSaysComesBack) {
  EXPECT_TRUE(absl::IsDataLoss(RunInApartment([] { return absl::DataLossError("x"); }, absl::Seconds(60))));
}

TEST(RunInApartmentTest, WhatDoesNotComeBackIsLeftBehind) {
  const auto release = std::make_shared<absl::Notification>();
  const auto work = [release] {
    release->WaitForNotificationWithTimeout(absl::Minutes(2));
    return absl::OkStatus();
  };
  const absl::Time started = absl::Now();
  EXPECT_TRUE(absl::IsDeadlineExceeded(RunInApartment(work, absl::Milliseconds(200))));
  EXPECT_TRUE(absl::IsCancelled(RunInApartment(work, absl::Minutes(2), [] { return false; })));
  EXPECT_LT(absl::Now() - started, absl::Minutes(1));
  release->Notify();
}

}  // namespace
}  // namespace hozen
