// A child as the volume reader is one, played by this test itself: what it was handed it has, and nothing else.
#include <io.h>
#include <windows.h>

#include <cstring>
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "agent/platform/child_process.h"
#include "agent/platform/child_stream.h"
#include "agent/platform/descriptor.h"
#include "agent/platform/process_start.h"
#include "agent/platform/sandbox.h"
#include "agent/platform/shared_memory.h"
#include "core/base/concat.h"
#include "core/base/path_text.h"
#include "core/base/testing_folder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::HasSubstr;

constexpr size_t kSharedBytes = 1 << 20;
constexpr size_t kWordBytes = 8;

// One word from the agent, one back; the first is what it shall do.
int ChildMain() {
  std::string word(kWordBytes, '\0');
  const auto say = [](std::string text) {
    if (text.size() < kWordBytes) text.resize(kWordBytes, '.');
    return WriteAllToStream(kChildSocket, text, absl::InfiniteFuture()).ok();
  };
  const absl::StatusOr<std::unique_ptr<SharedMemory>> shared = SharedMemory::Attach(kChildHandle + 1, kSharedBytes);
  if (!shared.ok()) return 10;
  const absl::Status sandboxed = EnterSandbox({.kept_descriptors = {}, .memory_bytes = 256 << 20, .cpu_seconds = 60});
  if (!sandboxed.ok()) {
    say(std::string(sandboxed.message()));
    return 11;
  }
  while (ReadAllFromStream(kChildSocket, word.data(), word.size(), absl::InfiniteFuture()).ok()) {
    if (word == "read....") {
      char bytes[4] = {};
      const absl::StatusOr<size_t> size = ReadDescriptor(kChildHandle, 3, absl::MakeSpan(bytes));
      std::memcpy((*shared)->writable().data(), bytes, size.value_or(0));
      say(size.ok() ? "shared" : "unread");
    } else if (word == "start...") {
      say(StartChild({.executable = OwnExecutable(), .arguments = {}}, {}).ok() ? "started" : "refused");
    } else if (word == "write...") {
      DWORD written = 0;
      const HANDLE file = reinterpret_cast<HANDLE>(::_get_osfhandle(kChildHandle));
      say(::WriteFile(file, "x", 1, &written, nullptr) ? "written" : "refused");
    } else if (word == "open....") {
      wchar_t folder[MAX_PATH] = {};
      ::GetSystemDirectoryW(folder, MAX_PATH);
      const std::wstring name = std::wstring(folder) + L"\\kernel32.dll";
      const HANDLE file =
          ::CreateFileW(name.c_str(), GENERIC_READ, FILE_SHARE_READ, nullptr, OPEN_EXISTING, 0, nullptr);
      say(file != INVALID_HANDLE_VALUE ? "opened" : "refused");
    } else if (word == "rights..") {
      HANDLE token = nullptr;
      say(::OpenThreadToken(::GetCurrentThread(), TOKEN_QUERY, TRUE, &token) ? "agents"
          : ::GetLastError() == ERROR_NO_TOKEN                               ? "own"
                                                                             : "unknown");
    } else if (word == "exit....") {
      return 23;
    } else if (word == "crash...") {
      ::RaiseException(EXCEPTION_ACCESS_VIOLATION, EXCEPTION_NONCONTINUABLE, 0, nullptr);
    } else {
      ::Sleep(INFINITE);
    }
  }
  return 0;
}

bool IsWine() { return ::GetProcAddress(::GetModuleHandleW(L"ntdll.dll"), "wine_get_version") != nullptr; }

class SandboxWindowsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    PutFile(folder_ / "disk", "0123456789");
    absl::StatusOr<UniqueFd> file = OpenToRead(folder_ / "disk");
    ASSERT_TRUE(file.ok()) << file.status();
    absl::StatusOr<std::unique_ptr<SharedMemory>> shared = SharedMemory::Create(kSharedBytes);
    ASSERT_TRUE(shared.ok()) << shared.status();
    shared_ = *std::move(shared);
    absl::StatusOr<std::unique_ptr<ChildProcess>> child =
        StartChild({.executable = OwnExecutable(), .arguments = {"volume-reader"}}, {file->get(), shared_->handle()});
    ASSERT_TRUE(child.ok()) << child.status();
    child_ = *std::move(child);
  }

  absl::Status Tell(const std::string& word) {
    return WriteAllToStream(child_->socket(), word, absl::Now() + absl::Seconds(60));
  }

  std::string Ask(const std::string& word) {
    std::string answer(kWordBytes, '\0');
    absl::Status status = Tell(word);
    if (status.ok()) {
      status = ReadAllFromStream(child_->socket(), answer.data(), answer.size(), absl::Now() + absl::Seconds(60));
    }
    return status.ok() ? answer : Concat(std::string(status.message()), "; ", child_->Finish(absl::Seconds(5)));
  }

  const TestingFolder folder_;
  std::unique_ptr<SharedMemory> shared_;
  std::unique_ptr<ChildProcess> child_;
};

TEST_F(SandboxWindowsTest, ReadsWhatItWasHandedAndSharesIt) {
  EXPECT_EQ(Ask("read...."), "shared..");
  EXPECT_EQ(std::string(shared_->data(), 4), "3456");
  EXPECT_EQ(Ask("write..."), "refused.") << "what it was handed is to be read alone";
}

TEST_F(SandboxWindowsTest, HasTheRightsOfTheAgentNoMore) { EXPECT_EQ(Ask("rights.."), "own....."); }

TEST_F(SandboxWindowsTest, OpensNothing) {
  if (IsWine()) GTEST_SKIP() << "wine gives files to whom Unix gives them";
  EXPECT_EQ(Ask("open...."), "refused.");
}

TEST_F(SandboxWindowsTest, StartsNothing) {
  if (IsWine()) GTEST_SKIP() << "wine does not keep a job's limit of processes";
  EXPECT_EQ(Ask("start..."), "refused.");
}

TEST_F(SandboxWindowsTest, SaysHowItEnded) {
  ASSERT_TRUE(Tell("exit....").ok());
  EXPECT_EQ(child_->Finish(absl::Seconds(60)), "exit status 23");
  EXPECT_EQ(child_->Finish(absl::ZeroDuration()), "exit status 23");
}

TEST_F(SandboxWindowsTest, ACrashIsTold) {
  ASSERT_TRUE(Tell("crash...").ok());
  EXPECT_THAT(child_->Finish(absl::Seconds(60)), HasSubstr("c0000005"));
}

TEST_F(SandboxWindowsTest, WhoDoesNotAnswerIsLeftAtTheDeadline) {
  ASSERT_TRUE(Tell("hang....").ok());
  std::string answer(kWordBytes, '\0');
  const absl::Status late =
      ReadAllFromStream(child_->socket(), answer.data(), answer.size(), absl::Now() + absl::Milliseconds(200));
  EXPECT_TRUE(absl::IsDeadlineExceeded(late)) << late;
  EXPECT_THAT(child_->Finish(absl::ZeroDuration()), HasSubstr("exit status 137"));
}

}  // namespace
}  // namespace hozen

int main(int argc, char** argv) {
  if (hozen::AdoptChildHandles()) return hozen::ChildMain();
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
