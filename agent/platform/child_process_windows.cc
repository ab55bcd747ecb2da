#include <fcntl.h>
#include <io.h>
#include <windows.h>
// After windows.h.
#include <bcrypt.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "agent/platform/child_process.h"
#include "agent/platform/drives.h"
#include "agent/platform/section_handle_windows.h"
#include "core/base/concat.h"
#include "core/base/path_text.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/base/windows_error.h"
#include "core/base/windows_handle.h"
#include "core/base/windows_text.h"

namespace hozen {
namespace {

constexpr size_t kMaxErrorBytes = 4096;
constexpr DWORD kPipeBytes = 64 << 10;
constexpr DWORD kKilled = 128 + 9;  // as a shell tells it of SIGKILL
constexpr absl::Duration kPoll = absl::Milliseconds(10);

struct Pipe {
  WindowsHandle ours;
  WindowsHandle theirs;  // inheritable
};

absl::StatusOr<Pipe> MakePipe() {
  SECURITY_ATTRIBUTES inherited = {sizeof(inherited), nullptr, TRUE};
  HANDLE reading = nullptr;
  HANDLE writing = nullptr;
  if (!::CreatePipe(&reading, &writing, &inherited, kPipeBytes)) return Win32Status(::GetLastError(), "Making a pipe");
  Pipe pipe{WindowsHandle(reading), WindowsHandle(writing)};
  ::SetHandleInformation(reading, HANDLE_FLAG_INHERIT, 0);
  return pipe;
}

// By the rules that CommandLineToArgvW and the C library undo: a quote gets a backslash, and so does each backslash
// before a quote.
void AppendArgument(const std::wstring& argument, std::wstring& line) {
  if (!line.empty()) line += L' ';
  // Not where it need not be: the shell takes "/c" in quotes for no option.
  if (!argument.empty() && argument.find_first_of(L" \t\n\v\"") == std::wstring::npos) {
    line += argument;
    return;
  }
  line += L'"';
  size_t backslashes = 0;
  for (const wchar_t c : argument) {
    if (c == L'"') line.append(backslashes + 1, L'\\');
    backslashes = c == L'\\' ? backslashes + 1 : 0;
    line += c;
  }
  line.append(backslashes, L'\\');
  line += L'"';
}

std::wstring LineOf(const CommandLine& command) {
  std::wstring line;
  AppendArgument(WideOfWtf8(command.executable), line);
  for (const std::string& argument : command.arguments) AppendArgument(WideOfWtf8(argument), line);
  return line;
}

// What programs of the system cannot start without, and nothing of ours but `more`.
std::wstring Environment(const std::wstring& system, const std::wstring& more) {
  const std::wstring windows = system.substr(0, system.rfind(L'\\'));
  std::wstring block = L"PATH=" + system;
  block += L'\0';
  block += L"SystemRoot=" + windows;
  block += L'\0';
  if (!more.empty()) block += more + L'\0';
  block += L'\0';
  return block;
}

// All that a command starts dies with it, and it with us.
absl::StatusOr<WindowsHandle> MakeJob() {
  WindowsHandle job(::CreateJobObjectW(nullptr, nullptr));
  if (!job.valid()) return Win32Status(::GetLastError(), "Making a job");
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {};
  limits.BasicLimitInformation.LimitFlags =
      JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION;
  if (!::SetInformationJobObject(job.get(), JobObjectExtendedLimitInformation, &limits, sizeof(limits))) {
    return Win32Status(::GetLastError(), "Limiting a job");
  }
  return job;
}

// The handles of a child and no others of ours, whatever other threads start meanwhile.
class HandleList {
 public:
  explicit HandleList(std::vector<HANDLE> handles) : handles_(std::move(handles)) {
    SIZE_T size = 0;
    ::InitializeProcThreadAttributeList(nullptr, 1, 0, &size);
    bytes_.resize(size);
    made_ = ::InitializeProcThreadAttributeList(list(), 1, 0, &size) != 0;
    good_ = made_ && ::UpdateProcThreadAttribute(list(), 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, handles_.data(),
                                                 handles_.size() * sizeof(HANDLE), nullptr, nullptr) != 0;
  }
  ~HandleList() {
    if (made_) ::DeleteProcThreadAttributeList(list());
  }
  HandleList(const HandleList&) = delete;
  HandleList& operator=(const HandleList&) = delete;

  bool good() const { return good_; }
  LPPROC_THREAD_ATTRIBUTE_LIST list() { return reinterpret_cast<LPPROC_THREAD_ATTRIBUTE_LIST>(bytes_.data()); }

 private:
  std::vector<HANDLE> handles_;
  std::vector<char> bytes_;
  bool made_ = false;
  bool good_ = false;
};

struct StartOptions {
  HANDLE job = nullptr;
  HANDLE token = nullptr;           // null: with our own rights
  HANDLE starting_token = nullptr;  // of its first thread, where it is another
  HANDLE output = nullptr;
  HANDLE errors = nullptr;
  std::vector<HANDLE> handles;  // handed over besides
  std::wstring environment;
};

struct Started {
  WindowsHandle process;
  DWORD pid = 0;
};

absl::StatusOr<Started> Start(const CommandLine& command, StartOptions options) {
  const std::string what = Concat("Starting ", Printable(command.executable));
  SECURITY_ATTRIBUTES inherited = {sizeof(inherited), nullptr, TRUE};
  const WindowsHandle nothing(::CreateFileW(L"NUL", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                                            &inherited, OPEN_EXISTING, 0, nullptr));
  if (!nothing.valid()) return Win32Status(::GetLastError(), what);
  const HANDLE output = options.output == nullptr ? nothing.get() : options.output;
  const HANDLE errors = options.errors == nullptr ? nothing.get() : options.errors;
  options.handles.push_back(nothing.get());
  if (output != nothing.get()) options.handles.push_back(output);
  if (errors != nothing.get()) options.handles.push_back(errors);
  HandleList handles(std::move(options.handles));
  if (!handles.good()) return Win32Status(::GetLastError(), what);
  STARTUPINFOEXW startup = {};
  startup.StartupInfo.cb = sizeof(startup);
  startup.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
  startup.StartupInfo.hStdInput = nothing.get();
  startup.StartupInfo.hStdOutput = output;
  startup.StartupInfo.hStdError = errors;
  startup.lpAttributeList = handles.list();
  const std::wstring system = WideOfWtf8(SystemProgramsFolder());
  std::wstring environment = Environment(system, options.environment);
  std::wstring line = LineOf(command);
  const std::wstring executable = WideOfWtf8(command.executable);
  constexpr DWORD kFlags =
      CREATE_SUSPENDED | CREATE_NO_WINDOW | CREATE_UNICODE_ENVIRONMENT | EXTENDED_STARTUPINFO_PRESENT;
  PROCESS_INFORMATION process = {};
  const bool made =
      options.token == nullptr
          ? ::CreateProcessW(executable.c_str(), line.data(), nullptr, nullptr, TRUE, kFlags, environment.data(),
                             system.c_str(), &startup.StartupInfo, &process) != 0
          : ::CreateProcessAsUserW(options.token, executable.c_str(), line.data(), nullptr, nullptr, TRUE, kFlags,
                                   environment.data(), system.c_str(), &startup.StartupInfo, &process) != 0;
  if (!made) return Win32Status(::GetLastError(), what);
  Started started{.process = WindowsHandle(process.hProcess), .pid = process.dwProcessId};
  const WindowsHandle thread(process.hThread);
  HANDLE first_thread = thread.get();
  if (!::AssignProcessToJobObject(options.job, started.process.get()) ||
      (options.starting_token != nullptr && !::SetThreadToken(&first_thread, options.starting_token))) {
    const DWORD error = ::GetLastError();
    ::TerminateProcess(started.process.get(), kKilled);
    return Win32Status(error, what);
  }
  ::ResumeThread(thread.get());
  return started;
}

// What stands in a pipe now. False at its end.
bool Drain(HANDLE pipe, std::string& bytes) {
  DWORD there = 0;
  bytes.clear();
  if (!::PeekNamedPipe(pipe, nullptr, 0, nullptr, &there, nullptr)) return false;
  if (there == 0) return true;
  bytes.resize(there);
  DWORD got = 0;
  const bool read = ::ReadFile(pipe, bytes.data(), there, &got, nullptr) != 0;
  bytes.resize(got);
  return read;
}

constexpr wchar_t kHandlesVariable[] = L"HOZEN_CHILD_HANDLES";
constexpr DWORD kFirstException = 0xC0000000;

struct HeldChild {
  WindowsHandle job;
  WindowsHandle process;
};

// Of a child: what it was handed and the C library has no descriptors for. Filled once, before other threads start.
std::map<int, HANDLE>& Sections() {
  static auto& sections = *new std::map<int, HANDLE>();
  return sections;
}

// As MakeJob, and it may start nothing, see no desktop and change nothing of the session.
absl::StatusOr<WindowsHandle> MakeChildJob() {
  HOZEN_ASSIGN_OR_RETURN(WindowsHandle job, MakeJob());
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {};
  limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE |
                                            JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION |
                                            JOB_OBJECT_LIMIT_ACTIVE_PROCESS;
  limits.BasicLimitInformation.ActiveProcessLimit = 1;
  JOBOBJECT_BASIC_UI_RESTRICTIONS desktop = {};
  desktop.UIRestrictionsClass = JOB_OBJECT_UILIMIT_DESKTOP | JOB_OBJECT_UILIMIT_DISPLAYSETTINGS |
                                JOB_OBJECT_UILIMIT_EXITWINDOWS | JOB_OBJECT_UILIMIT_GLOBALATOMS |
                                JOB_OBJECT_UILIMIT_HANDLES | JOB_OBJECT_UILIMIT_READCLIPBOARD |
                                JOB_OBJECT_UILIMIT_SYSTEMPARAMETERS | JOB_OBJECT_UILIMIT_WRITECLIPBOARD;
  if (!::SetInformationJobObject(job.get(), JobObjectExtendedLimitInformation, &limits, sizeof(limits)) ||
      !::SetInformationJobObject(job.get(), JobObjectBasicUIRestrictions, &desktop, sizeof(desktop))) {
    return Win32Status(::GetLastError(), "Limiting a child's job");
  }
  return job;
}

absl::StatusOr<std::vector<char>> AskToken(HANDLE token, TOKEN_INFORMATION_CLASS what) {
  DWORD size = 0;
  ::GetTokenInformation(token, what, nullptr, 0, &size);
  std::vector<char> answer(size);
  if (!::GetTokenInformation(token, what, answer.data(), size, &size)) {
    return Win32Status(::GetLastError(), "Asking a token");
  }
  return answer;
}

struct ChildTokens {
  WindowsHandle own;       // the process's
  WindowsHandle starting;  // its first thread stands in for this one until EnterSandbox
};

// A child's own token opens nothing: all that we are is in it to be denied by, and what it opens must be open to
// S-1-0-0 besides, which nothing is. It has no privileges. With that no library could be loaded, so that its first
// thread starts with our rights, and EnterSandbox gives them back. They are a restricted token's too, because a process
// with one may not stand in for anything else. This is how Chromium's sandbox starts its children:
// https://chromium.googlesource.com/chromium/src/+/HEAD/docs/design/sandbox.md.
absl::StatusOr<ChildTokens> MakeChildTokens() {
  constexpr std::string_view kDoing = "Making a restricted token";
  HANDLE opened = nullptr;
  if (!::OpenProcessToken(::GetCurrentProcess(), TOKEN_DUPLICATE | TOKEN_QUERY | TOKEN_ASSIGN_PRIMARY, &opened)) {
    return Win32Status(::GetLastError(), kDoing);
  }
  const WindowsHandle ours(opened);
  HOZEN_ASSIGN_OR_RETURN(std::vector<char> user_bytes, AskToken(ours.get(), TokenUser));
  HOZEN_ASSIGN_OR_RETURN(std::vector<char> group_bytes, AskToken(ours.get(), TokenGroups));
  std::vector<SID_AND_ATTRIBUTES> us = {{reinterpret_cast<TOKEN_USER*>(user_bytes.data())->User.Sid, 0}};
  const auto* const groups = reinterpret_cast<TOKEN_GROUPS*>(group_bytes.data());
  for (DWORD i = 0; i < groups->GroupCount; ++i) {
    if ((groups->Groups[i].Attributes & SE_GROUP_INTEGRITY) == 0) us.push_back({groups->Groups[i].Sid, 0});
  }
  char nobody[SECURITY_MAX_SID_SIZE];
  DWORD size = sizeof(nobody);
  if (!::CreateWellKnownSid(WinNullSid, nullptr, nobody, &size)) return Win32Status(::GetLastError(), kDoing);
  SID_AND_ATTRIBUTES only_nobody = {nobody, 0};
  const auto count = static_cast<DWORD>(us.size());
  HANDLE own = nullptr;
  if (!::CreateRestrictedToken(ours.get(), DISABLE_MAX_PRIVILEGE, count, us.data(), 0, nullptr, 1, &only_nobody,
                               &own)) {
    return Win32Status(::GetLastError(), kDoing);
  }
  ChildTokens tokens{.own = WindowsHandle(own), .starting = {}};
  HANDLE restricted = nullptr;
  if (!::CreateRestrictedToken(ours.get(), DISABLE_MAX_PRIVILEGE, 0, nullptr, 0, nullptr, count, us.data(),
                               &restricted)) {
    return Win32Status(::GetLastError(), kDoing);
  }
  const WindowsHandle primary(restricted);
  HANDLE starting = nullptr;
  if (!::DuplicateTokenEx(primary.get(), TOKEN_IMPERSONATE | TOKEN_QUERY, nullptr, SecurityImpersonation,
                          TokenImpersonation, &starting)) {
    return Win32Status(::GetLastError(), kDoing);
  }
  tokens.starting = WindowsHandle(starting);
  return tokens;
}

// Both ways. Ours is opened for overlapped calls, so that none of them needs to wait for ever; theirs is a plain one,
// and inherited.
absl::StatusOr<Pipe> MakeDuplexPipe() {
  constexpr std::string_view kDoing = "Making a pipe to a child";
  uint64_t random = 0;
  if (::BCryptGenRandom(nullptr, reinterpret_cast<UCHAR*>(&random), sizeof(random), BCRYPT_USE_SYSTEM_PREFERRED_RNG) !=
      0) {
    return absl::InternalError("the system gave no random number");
  }
  const std::wstring name =
      WideOfWtf8(Concat(R"(\\.\pipe\hozen-)", ::GetCurrentProcessId(), "-", absl::Hex(random, absl::kZeroPad16)));
  const LocalMemory descriptor = PrivateDescriptor();
  SECURITY_ATTRIBUTES ours = {sizeof(ours), descriptor.get(), FALSE};
  Pipe pipe;
  pipe.ours = WindowsHandle(
      ::CreateNamedPipeW(name.c_str(), PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
                         PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS, 1, kPipeBytes,
                         kPipeBytes, 0, &ours));
  if (!pipe.ours.valid()) return Win32Status(::GetLastError(), kDoing);
  SECURITY_ATTRIBUTES theirs = {sizeof(theirs), nullptr, TRUE};
  pipe.theirs =
      WindowsHandle(::CreateFileW(name.c_str(), GENERIC_READ | GENERIC_WRITE, 0, &theirs, OPEN_EXISTING, 0, nullptr));
  if (!pipe.theirs.valid()) return Win32Status(::GetLastError(), kDoing);
  return pipe;
}

// For a child: of a file or disk to read alone, of a section to write too.
absl::StatusOr<WindowsHandle> InheritableCopy(int number) {
  HANDLE const handle = HandleOfNumber(number);
  const DWORD access = handle == HandleOf(number) ? FILE_GENERIC_READ : FILE_MAP_READ | FILE_MAP_WRITE;
  HANDLE copy = nullptr;
  HANDLE const process = ::GetCurrentProcess();
  if (!::DuplicateHandle(process, handle, process, &copy, access, TRUE, 0)) {
    return Win32Status(::GetLastError(), "Handing a file to a child");
  }
  return WindowsHandle(copy);
}

}  // namespace

absl::StatusOr<CommandEnd> RunCommand(const CommandLine& command, absl::Duration timeout,
                                      const std::function<absl::Status(std::string_view)>& on_output) {
  const absl::Time deadline = absl::Now() + timeout;
  HOZEN_ASSIGN_OR_RETURN(const WindowsHandle job, MakeJob());
  HOZEN_ASSIGN_OR_RETURN(Pipe output, MakePipe());
  HOZEN_ASSIGN_OR_RETURN(Pipe errors, MakePipe());
  HOZEN_ASSIGN_OR_RETURN(const Started started, Start(command, {.job = job.get(),
                                                                .token = nullptr,
                                                                .starting_token = nullptr,
                                                                .output = output.theirs.get(),
                                                                .errors = errors.theirs.get(),
                                                                .handles = {},
                                                                .environment = L""}));
  const WindowsHandle& child = started.process;
  // So that the pipes end with the last of theirs.
  output.theirs = WindowsHandle();
  errors.theirs = WindowsHandle();
  CommandEnd end;
  bool output_open = true;
  bool errors_open = true;
  std::string piece;
  while (output_open || errors_open) {
    bool quiet = true;
    if (output_open) {
      output_open = Drain(output.ours.get(), piece);
      quiet = quiet && piece.empty();
      if (!piece.empty()) HOZEN_RETURN_IF_ERROR(on_output(piece));  // the job ends with its handle
    }
    if (errors_open) {
      errors_open = Drain(errors.ours.get(), piece);
      quiet = quiet && piece.empty();
      end.standard_error.append(piece, 0, kMaxErrorBytes - std::min(kMaxErrorBytes, end.standard_error.size()));
    }
    if (absl::Now() >= deadline) {
      end.timed_out = true;
      break;
    }
    // A pipe cannot be waited for together with others; who waits for the output of a command can wait so long.
    if (quiet && (output_open || errors_open)) absl::SleepFor(kPoll);
  }
  const absl::Duration left = deadline - absl::Now();
  if (!end.timed_out &&
      ::WaitForSingleObject(child.get(), static_cast<DWORD>(std::clamp<int64_t>(absl::ToInt64Milliseconds(left), 0,
                                                                                0x7FFFFFFF))) != WAIT_OBJECT_0) {
    end.timed_out = true;
  }
  if (end.timed_out) {
    ::TerminateJobObject(job.get(), kKilled);
    ::WaitForSingleObject(child.get(), INFINITE);
  }
  DWORD status = 0;
  if (!::GetExitCodeProcess(child.get(), &status)) return Win32Status(::GetLastError(), "How a command ended");
  end.exit_status = static_cast<int>(status);
  return end;
}

bool AdoptChildHandles() {
  wchar_t text[8192] = {};
  const DWORD size = ::GetEnvironmentVariableW(kHandlesVariable, text, std::size(text));
  if (size == 0 || size >= std::size(text)) return false;
  ::SetEnvironmentVariableW(kHandlesVariable, nullptr);
  int number = kChildSocket;
  for (absl::string_view word : absl::StrSplit(Wtf8OfWide({text, size}), ',')) {
    int64_t value = 0;
    if (!absl::SimpleAtoi(word, &value)) return false;
    HANDLE const handle = reinterpret_cast<HANDLE>(static_cast<intptr_t>(value));
    if (::GetFileType(handle) == FILE_TYPE_UNKNOWN) {
      Sections().emplace(number++, handle);
      continue;
    }
    const int fd = ::_open_osfhandle(static_cast<intptr_t>(value), _O_BINARY);
    if (fd < 0) return false;
    if (fd != number) {
      if (::_dup2(fd, number) != 0) return false;
      ::_close(fd);
    }
    ++number;
  }
  return true;
}

void* AdoptedSection(int number) {
  const auto found = Sections().find(number);
  return found == Sections().end() ? nullptr : found->second;
}

absl::StatusOr<std::unique_ptr<ChildProcess>> StartChild(const CommandLine& command, const std::vector<int>& handles) {
  HOZEN_ASSIGN_OR_RETURN(WindowsHandle job, MakeChildJob());
  HOZEN_ASSIGN_OR_RETURN(const ChildTokens tokens, MakeChildTokens());
  HOZEN_ASSIGN_OR_RETURN(Pipe pipe, MakeDuplexPipe());
  std::vector<WindowsHandle> copies;
  StartOptions options;
  options.job = job.get();
  options.token = tokens.own.get();
  options.starting_token = tokens.starting.get();
  options.handles.push_back(pipe.theirs.get());
  for (const int handle : handles) {
    HOZEN_ASSIGN_OR_RETURN(WindowsHandle copy, InheritableCopy(handle));
    options.handles.push_back(copy.get());
    copies.push_back(std::move(copy));
  }
  std::string numbers;
  for (HANDLE const handle : options.handles) {
    absl::StrAppend(&numbers, numbers.empty() ? "" : ",", reinterpret_cast<intptr_t>(handle));
  }
  options.environment = std::wstring(kHandlesVariable) + L"=" + WideOfWtf8(numbers);
  HOZEN_ASSIGN_OR_RETURN(Started started, Start(command, std::move(options)));
  HOZEN_ASSIGN_OR_RETURN(UniqueFd socket, FdOf(std::move(pipe.ours)));
  auto held = std::make_shared<HeldChild>(HeldChild{.job = std::move(job), .process = std::move(started.process)});
  return std::unique_ptr<ChildProcess>(
      new ChildProcess(static_cast<int>(started.pid), std::move(socket), std::move(held)));
}

ChildProcess::~ChildProcess() { Finish(absl::ZeroDuration()); }

std::string ChildProcess::Finish(absl::Duration grace) {
  if (reaped_) return end_;
  const auto* const held = static_cast<const HeldChild*>(held_.get());
  ::WaitForSingleObject(held->process.get(), static_cast<DWORD>(absl::ToInt64Milliseconds(grace)));
  ::TerminateJobObject(held->job.get(), kKilled);
  ::WaitForSingleObject(held->process.get(), INFINITE);
  DWORD status = 0;
  ::GetExitCodeProcess(held->process.get(), &status);
  // What an exception leaves is a number that people look for in this form.
  end_ = status < kFirstException ? Concat("exit status ", status)
                                  : Concat("ended by exception 0x", absl::Hex(status, absl::kZeroPad8));
  reaped_ = true;
  socket_.Reset(-1);
  return end_;
}

}  // namespace hozen
