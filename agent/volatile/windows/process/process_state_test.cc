// Processes of a running Windows: this test is one of them, and starts another.
#include "agent/volatile/windows/process/process_state.h"

#include <windows.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/acquire/failure.h"
#include "agent/volatile/windows/host_values.h"
#include "agent/volatile/windows/process/image_headers.h"
#include "agent/volatile/windows/process/process_memory.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/windows_handle.h"
#include "core/crypto/sha256.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::AnyOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StrCaseEq;

std::wstring OwnPath() {
  wchar_t path[1024] = {};
  ::GetModuleFileNameW(nullptr, path, 1024);
  return path;
}

std::string BytesOf(const std::wstring& path) {
  const WindowsHandle file(::CreateFileW(path.c_str(), GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, nullptr,
                                         OPEN_EXISTING, 0, nullptr));
  LARGE_INTEGER size = {};
  ::GetFileSizeEx(file.get(), &size);
  std::string bytes(static_cast<size_t>(size.QuadPart), '\0');
  DWORD got = 0;
  EXPECT_TRUE(::ReadFile(file.get(), bytes.data(), static_cast<DWORD>(bytes.size()), &got, nullptr));
  return bytes;
}

// A shell that never begins to run.
class Child {
 public:
  Child() {
    STARTUPINFOW start = {};
    start.cb = sizeof(start);
    wchar_t command[] = L"cmd  /k \"x  \x4fdd\"";
    wchar_t environment[] = L"=C:=C:\\x\0EMPTY=\0NAME=a=b\n\0";
    PROCESS_INFORMATION made = {};
    EXPECT_TRUE(::CreateProcessW(LR"(C:\windows\system32\cmd.exe)", command, nullptr, nullptr, FALSE,
                                 CREATE_SUSPENDED | CREATE_UNICODE_ENVIRONMENT, environment, LR"(C:\windows)", &start,
                                 &made));
    process_ = WindowsHandle(made.hProcess);
    thread_ = WindowsHandle(made.hThread);
    pid_ = static_cast<int32_t>(made.dwProcessId);
  }
  ~Child() { End(); }
  void End() const {
    ::TerminateProcess(process_.get(), 7);
    ::WaitForSingleObject(process_.get(), 10'000);
  }
  int32_t pid() const { return pid_; }
  HANDLE process() const { return process_.get(); }

 private:
  WindowsHandle process_;
  WindowsHandle thread_;
  int32_t pid_ = 0;
};

class ProcessStateTest : public ::testing::Test {
 protected:
  std::vector<v1::VolatileRecord> All() {
    std::vector<v1::VolatileRecord> records;
    const NextRecord next = WindowsProcessRecords(context_);
    while (std::optional<v1::VolatileRecord> record = next()) {
      EXPECT_TRUE(IsValidUtf8(RecordLine(*record)));
      records.push_back(*std::move(record));
    }
    return records;
  }

  v1::ProcessState Process(int32_t pid) {
    ProcessSurroundings around(context_);
    absl::StatusOr<std::unique_ptr<ProcessHandles>> handles = ProcessHandles::Create(around.paths);
    EXPECT_TRUE(handles.ok()) << handles.status();
    if (handles.ok()) around.handles = *std::move(handles);
    const absl::StatusOr<std::vector<RunningProcess>> listed = ListRunningProcesses();
    EXPECT_TRUE(listed.ok()) << listed.status();
    for (const RunningProcess& one : *listed) {
      if (static_cast<int32_t>(one.pid) == pid) return DescribeRunningProcess(one, around);
    }
    ADD_FAILURE() << "no process " << pid;
    return {};
  }

  v1::ProcessState Own() { return Process(static_cast<int32_t>(::GetCurrentProcessId())); }

  bool keep_on_ = true;
  std::string refused_;
  StateContext context_{.refused = [this](std::string_view path) -> std::optional<v1::Failure> {
                          if (refused_.empty() || Printable(path) != refused_) return std::nullopt;
                          return MakeFailure(v1::CAUSE_REFUSED_BY_POLICY, "the owner said so");
                        },
                        .keep_on = [this] { return keep_on_; }};
};

TEST_F(ProcessStateTest, AProcessIsWhoItWasStartedAs) {
  const Child child;
  const v1::ProcessState process = Process(child.pid());
  EXPECT_EQ(process.parent_pid(), static_cast<int32_t>(::GetCurrentProcessId()));
  EXPECT_EQ(process.name(), "cmd.exe");
  ASSERT_EQ(process.command_line_size(), 1);
  EXPECT_EQ(process.command_line(0), "cmd  /k \"x  \u4fdd\"");
  // wine leaves out the backslash that Windows adds.
  EXPECT_THAT(process.working_folder(), AnyOf(StrCaseEq(R"(C:\\windows\\)"), StrCaseEq(R"(C:\\windows)")));
  ASSERT_GE(process.environment_size(), 3);
  EXPECT_EQ(process.environment(0).name(), "=C:");
  EXPECT_EQ(process.environment(0).value(), R"(C:\\x)");
  EXPECT_EQ(process.environment(1).name(), "EMPTY");
  EXPECT_EQ(process.environment(1).value(), "");
  EXPECT_EQ(process.environment(2).value(), R"(a=b\x0a)");
  EXPECT_THAT(process.executable().path(), StrCaseEq(R"(C:\\windows\\system32\\cmd.exe)"));
  EXPECT_EQ(process.executable().sha256(), Sha256::Of(BytesOf(LR"(C:\windows\system32\cmd.exe)")).ToHex());
  EXPECT_FALSE(process.executable().deleted());
  EXPECT_FALSE(process.executable().signature().state().empty());
  EXPECT_FALSE(process.vanished());
  EXPECT_FALSE(process.wow64());
  FILETIME created = {};
  FILETIME unused = {};
  ASSERT_TRUE(::GetProcessTimes(child.process(), &created, &unused, &unused, &unused));
  EXPECT_EQ(process.start_ticks(), uint64_t{created.dwHighDateTime} << 32 | created.dwLowDateTime);
  EXPECT_GT(process.started().seconds(), 1'600'000'000);
}

TEST_F(ProcessStateTest, OursRunsUnchangedFromItsFile) {
  const v1::ProcessState own = Own();
  const std::wstring path = OwnPath();
  EXPECT_THAT(own.executable().path(), StrCaseEq(WideText(path)));
  const std::string sha256 = Sha256::Of(BytesOf(path)).ToHex();
  EXPECT_EQ(own.executable().sha256(), sha256);
  EXPECT_EQ(own.executable().signature().state(), "unsigned");
  EXPECT_FALSE(own.token().user_sid().empty());
  EXPECT_FALSE(own.token().integrity().empty());
  EXPECT_THAT(own.token().logon_id(), HasSubstr("0x"));
  EXPECT_THAT(own.token().groups(), Not(IsEmpty()));
  bool itself = false;
  bool system = false;
  for (const v1::LoadedModule& module : own.modules()) {
    itself = itself || (module.sha256() == sha256 && module.size_bytes() > 4096 && module.base_address() != "0");
    system = system || module.path().find("ntdll.dll") != std::string::npos;
  }
  EXPECT_TRUE(itself);
  EXPECT_TRUE(system);
  for (const v1::Missing& missing : own.missing()) {
    EXPECT_NE(missing.what(), "executable") << missing.failure().detail();
    EXPECT_NE(missing.what(), "memory") << missing.failure().detail();
  }
}

TEST_F(ProcessStateTest, MemoryThatRunsAndIsNoFilesIsSuspect) {
  void* const page = ::VirtualAlloc(nullptr, 8192, MEM_RESERVE | MEM_COMMIT, PAGE_EXECUTE_READWRITE);
  ASSERT_NE(page, nullptr);
  const v1::ProcessState own = Own();
  ::VirtualFree(page, 0, MEM_RELEASE);
  const auto address = static_cast<unsigned long long>(reinterpret_cast<uintptr_t>(page));
  bool found = false;
  for (const v1::MemoryRegion& region : own.suspect_regions()) {
    if (std::stoull(region.addresses(), nullptr, 16) != address) continue;
    found = true;
    EXPECT_EQ(region.permissions(), "rwxp");
    EXPECT_EQ(region.name(), "");
  }
  EXPECT_TRUE(found);
}

TEST_F(ProcessStateTest, HandlesHaveTheirNames) {
  const WindowsHandle mutex(::CreateMutexW(nullptr, FALSE, L"hozen \x4fdd"));
  const WindowsHandle file(::CreateFileW(LR"(C:\windows\system32\cmd.exe)", GENERIC_READ,
                                         FILE_SHARE_READ | FILE_SHARE_DELETE, nullptr, OPEN_EXISTING, 0, nullptr));
  ASSERT_TRUE(mutex.valid() && file.valid());
  const v1::ProcessState own = Own();
  const auto find = [&](HANDLE handle) -> v1::Descriptor {
    for (const v1::Descriptor& one : own.descriptors()) {
      if (one.number() == static_cast<int32_t>(reinterpret_cast<intptr_t>(handle))) return one;
    }
    ADD_FAILURE() << "no such handle";
    return {};
  };
  EXPECT_EQ(find(mutex.get()).type(), "Mutant");
  EXPECT_THAT(find(mutex.get()).target(), EndsWith("hozen \u4fdd"));
  EXPECT_NE(find(mutex.get()).access() & SYNCHRONIZE, 0u);
  EXPECT_EQ(find(file.get()).type(), "File");
  EXPECT_THAT(find(file.get()).target(), StrCaseEq(R"(C:\\windows\\system32\\cmd.exe)"));
}

TEST_F(ProcessStateTest, AHandleOfAProcessSaysOfWhich) {
  const Child child;
  bool found = false;
  const v1::ProcessState own = Own();
  for (const v1::Descriptor& one : own.descriptors()) {
    if (one.number() != static_cast<int32_t>(reinterpret_cast<intptr_t>(child.process()))) continue;
    found = true;
    EXPECT_EQ(one.type(), "Process");
    EXPECT_EQ(one.target(), Concat("pid ", child.pid()));
  }
  EXPECT_TRUE(found);
}

TEST_F(ProcessStateTest, APipeOnWhichSomebodyWaitsHoldsNobodyUp) {
  HANDLE read_end = nullptr;
  HANDLE write_end = nullptr;
  ASSERT_TRUE(::CreatePipe(&read_end, &write_end, nullptr, 0));
  const WindowsHandle reader(read_end);
  WindowsHandle writer(write_end);
  const WindowsHandle waits(::CreateThread(
      nullptr, 0,
      [](void* pipe) -> DWORD {
        char byte = 0;
        DWORD got = 0;
        ::ReadFile(pipe, &byte, 1, &got, nullptr);
        return 0;
      },
      reader.get(), 0, nullptr));
  const ULONGLONG before = ::GetTickCount64();
  EXPECT_THAT(Own().descriptors(), Not(IsEmpty()));
  EXPECT_LT(::GetTickCount64() - before, 60'000u);
  writer = WindowsHandle();
  EXPECT_EQ(::WaitForSingleObject(waits.get(), 10'000), WAIT_OBJECT_0);
}

TEST_F(ProcessStateTest, AllStandParentsFirst) {
  const Child child;
  const std::vector<v1::VolatileRecord> records = All();
  std::map<int32_t, uint32_t> depths;
  for (const v1::VolatileRecord& record : records) {
    if (!record.has_process()) continue;
    const v1::ProcessState& process = record.process();
    EXPECT_TRUE(depths.emplace(process.pid(), process.depth()).second);
    if (process.depth() == 0) continue;
    ASSERT_EQ(depths.count(process.parent_pid()), 1u) << process.pid();
    EXPECT_EQ(process.depth(), depths[process.parent_pid()] + 1);
  }
  EXPECT_EQ(depths.count(child.pid()), 1u);
  EXPECT_EQ(depths[child.pid()], depths[static_cast<int32_t>(::GetCurrentProcessId())] + 1);
}

TEST_F(ProcessStateTest, WhatEndedMeanwhileVanished) {
  const Child child;
  ProcessSurroundings around(context_);
  RunningProcess listed;
  listed.pid = static_cast<uint32_t>(child.pid());
  listed.threads = 1;
  listed.created = 1;
  const v1::ProcessState other = DescribeRunningProcess(listed, around);
  EXPECT_TRUE(other.vanished());
  EXPECT_THAT(other.missing(0).failure().detail(), HasSubstr("given to another"));
  listed.pid = 0xFFFFFFF0;
  EXPECT_TRUE(DescribeRunningProcess(listed, around).vanished());
}

TEST_F(ProcessStateTest, WhatTheOwnerRefusesIsNotRead) {
  refused_ = WideText(OwnPath());
  const v1::ProcessState own = Own();
  EXPECT_THAT(own.executable().path(), StrCaseEq(refused_));
  EXPECT_THAT(own.executable().sha256(), IsEmpty());
  bool said = false;
  for (const v1::Missing& missing : own.missing()) {
    said = said || missing.failure().cause() == v1::CAUSE_REFUSED_BY_POLICY;
  }
  EXPECT_TRUE(said);
}

TEST_F(ProcessStateTest, AnAcquisitionThatEndsIsObeyed) {
  keep_on_ = false;
  const std::vector<v1::VolatileRecord> records = All();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].missing().failure().cause(), v1::CAUSE_CANCELLED);
}

TEST(ImageHeadersTest, AnotherFileHasOtherHeaders) {
  const std::string file = BytesOf(OwnPath()).substr(0, 4096);
  EXPECT_TRUE(SameImageHeaders(file, file));
  std::string other = file;
  const size_t at = other.find("PE") + 8;
  other[at] = static_cast<char>(other[at] + 1);
  EXPECT_FALSE(SameImageHeaders(other, file));
  EXPECT_FALSE(SameImageHeaders("", file));
  EXPECT_TRUE(SameImageHeaders("", "#!"));
  for (size_t size = 0; size < file.size(); size += 13) SameImageHeaders(file.substr(0, size), file.substr(0, size));
}

TEST(PermissionsTextTest, SaysWhatMayBeDone) {
  EXPECT_EQ(PermissionsText(PAGE_EXECUTE_READ, false), "r-xp");
  EXPECT_EQ(PermissionsText(PAGE_EXECUTE_READWRITE, true), "rwxs");
  EXPECT_EQ(PermissionsText(PAGE_NOACCESS, false), "---p");
  EXPECT_EQ(PermissionsText(PAGE_READWRITE | PAGE_GUARD, false), "rw-p guard");
}

}  // namespace
}  // namespace hozen
