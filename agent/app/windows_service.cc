#include "agent/app/windows_service.h"

#include <windows.h>
// After windows.h.
#include <fcntl.h>
#include <io.h>
#include <shlobj.h>

#include <cstdio>
#include <memory>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "agent/app/shutdown_signal.h"
#include "agent/platform/rights_windows.h"
#include "core/base/concat.h"
#include "core/base/path_text.h"
#include "core/base/status_macros.h"
#include "core/base/windows_error.h"
#include "core/base/windows_handle.h"
#include "core/base/windows_text.h"

namespace hozen {
namespace {

constexpr wchar_t kName[] = L"hozen-agent";
constexpr wchar_t kDisplayName[] = L"Hozen agent";
constexpr wchar_t kDescription[] =
    L"Collects evidence when a signed plan orders it, and streams it to the organisation's collector.";
constexpr wchar_t kEventSource[] = L"SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\hozen-agent";
// As the program's message table has it (tools/windows/resource.py): the text as it is.
constexpr DWORD kMessage = 1;
constexpr DWORD kMessageTypes = EVENTLOG_ERROR_TYPE | EVENTLOG_WARNING_TYPE | EVENTLOG_INFORMATION_TYPE;
constexpr DWORD kStopTakesMs = 60'000;
constexpr absl::Duration kEndsWithin = absl::Seconds(10);
constexpr UINT kEnded = 1;
constexpr absl::Duration kLook = absl::Milliseconds(100);
// Files whatever their lists say, other processes, devices; to make the volume reader's token, and its limits.
constexpr wchar_t kPrivileges[] =
    L"SeBackupPrivilege\0SeDebugPrivilege\0SeSecurityPrivilege\0SeSystemProfilePrivilege\0SeManageVolumePrivilege\0"
    L"SeChangeNotifyPrivilege\0SeImpersonatePrivilege\0SeAssignPrimaryTokenPrivilege\0SeIncreaseQuotaPrivilege\0";

struct ServiceCloser {
  void operator()(SC_HANDLE__* handle) const { ::CloseServiceHandle(handle); }
};
using ServiceHandle = std::unique_ptr<SC_HANDLE__, ServiceCloser>;

absl::Status LastError(std::string_view what) { return Win32Status(::GetLastError(), what); }

absl::StatusOr<ServiceHandle> OpenManager(DWORD rights) {
  ServiceHandle manager(::OpenSCManagerW(nullptr, nullptr, rights));
  if (manager == nullptr) return LastError("Asking the service manager");
  return manager;
}

absl::StatusOr<ServiceHandle> OpenInstalled(DWORD rights) {
  HOZEN_ASSIGN_OR_RETURN(const ServiceHandle manager, OpenManager(SC_MANAGER_CONNECT));
  ServiceHandle service(::OpenServiceW(manager.get(), kName, rights));
  if (service != nullptr) return service;
  if (::GetLastError() == ERROR_SERVICE_DOES_NOT_EXIST) return absl::NotFoundError("The service is not installed");
  return LastError("Opening the service");
}

absl::StatusOr<SERVICE_STATUS_PROCESS> StatusOf(SC_HANDLE service) {
  SERVICE_STATUS_PROCESS status = {};
  DWORD needed = 0;
  if (!::QueryServiceStatusEx(service, SC_STATUS_PROCESS_INFO, reinterpret_cast<BYTE*>(&status), sizeof(status),
                              &needed)) {
    return LastError("Asking how the service fares");
  }
  return status;
}

// Until it is no more in `state`, which it is only on its way.
absl::StatusOr<SERVICE_STATUS_PROCESS> WaitWhile(SC_HANDLE service, DWORD state, absl::Duration patience) {
  const absl::Time until = absl::Now() + patience;
  while (true) {
    HOZEN_ASSIGN_OR_RETURN(const SERVICE_STATUS_PROCESS status, StatusOf(service));
    if (status.dwCurrentState != state) return status;
    if (absl::Now() > until) return absl::DeadlineExceededError("The service takes longer than it should");
    absl::SleepFor(kLook);
  }
}

void Configure(SC_HANDLE service, DWORD level, void* what, std::string_view name, std::string& notes) {
  if (::ChangeServiceConfig2W(service, level, what)) return;
  notes += Concat(StdView(LastError(Concat("Setting the service's ", name)).message()), "\n");
}

void ConfigureAll(SC_HANDLE service, std::string& notes) {
  SERVICE_DESCRIPTIONW description = {.lpDescription = const_cast<wchar_t*>(kDescription)};
  Configure(service, SERVICE_CONFIG_DESCRIPTION, &description, "description", notes);
  SC_ACTION actions[] = {{SC_ACTION_RESTART, 10'000}, {SC_ACTION_RESTART, 60'000}, {SC_ACTION_RESTART, 600'000}};
  SERVICE_FAILURE_ACTIONSW recovery = {};
  recovery.dwResetPeriod = 24 * 60 * 60;
  recovery.cActions = static_cast<DWORD>(std::size(actions));
  recovery.lpsaActions = actions;
  Configure(service, SERVICE_CONFIG_FAILURE_ACTIONS, &recovery, "recovery", notes);
  // Also where it ends by itself and says that it failed.
  SERVICE_FAILURE_ACTIONS_FLAG always = {.fFailureActionsOnNonCrashFailures = TRUE};
  Configure(service, SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, &always, "recovery after an orderly failure", notes);
  SERVICE_DELAYED_AUTO_START_INFO delayed = {.fDelayedAutostart = TRUE};
  Configure(service, SERVICE_CONFIG_DELAYED_AUTO_START_INFO, &delayed, "delayed start", notes);
  SERVICE_PRESHUTDOWN_INFO shutdown = {.dwPreshutdownTimeout = kStopTakesMs};
  Configure(service, SERVICE_CONFIG_PRESHUTDOWN_INFO, &shutdown, "time to stop in", notes);
  SERVICE_REQUIRED_PRIVILEGES_INFOW privileges = {.pmszRequiredPrivileges = const_cast<wchar_t*>(kPrivileges)};
  Configure(service, SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO, &privileges, "privileges", notes);
}

absl::Status RegisterEventSource(const std::wstring& program) {
  HKEY key = nullptr;
  LSTATUS error =
      ::RegCreateKeyExW(HKEY_LOCAL_MACHINE, kEventSource, 0, nullptr, 0, KEY_SET_VALUE, nullptr, &key, nullptr);
  if (error == ERROR_SUCCESS) {
    error = ::RegSetValueExW(key, L"EventMessageFile", 0, REG_EXPAND_SZ, reinterpret_cast<const BYTE*>(program.c_str()),
                             static_cast<DWORD>((program.size() + 1) * sizeof(wchar_t)));
    if (error == ERROR_SUCCESS) {
      error = ::RegSetValueExW(key, L"TypesSupported", 0, REG_DWORD, reinterpret_cast<const BYTE*>(&kMessageTypes),
                               sizeof(kMessageTypes));
    }
    ::RegCloseKey(key);
  }
  if (error == ERROR_SUCCESS) return absl::OkStatus();
  return Win32Status(static_cast<uint32_t>(error), "Telling the event log of the program's messages");
}

absl::StatusOr<std::string> CommandOf(SC_HANDLE service) {
  DWORD size = 0;
  ::QueryServiceConfigW(service, nullptr, 0, &size);
  std::vector<QUERY_SERVICE_CONFIGW> config(size / sizeof(QUERY_SERVICE_CONFIGW) + 1);  // with the texts behind it
  if (!::QueryServiceConfigW(service, config.data(), size, &size)) return LastError("Asking what the service is");
  return Wtf8OfWide(config.front().lpBinaryPathName);
}

// The program of a command that begins with it in quotation marks, as ours do.
std::string_view ProgramOf(std::string_view command) {
  command.remove_prefix(command.starts_with('"') ? 1 : 0);
  return command.substr(0, command.find('"'));
}

// For one that does not stop when it is asked to. Its children end with it.
absl::Status EndProcessOf(SC_HANDLE service) {
  // Its process is the system's, whom administrators may not end without this.
  ClaimRight(SE_DEBUG_NAME);
  HOZEN_ASSIGN_OR_RETURN(const SERVICE_STATUS_PROCESS status, StatusOf(service));
  if (status.dwProcessId == 0) return absl::OkStatus();
  const WindowsHandle process(::OpenProcess(PROCESS_TERMINATE | SYNCHRONIZE, FALSE, status.dwProcessId));
  if (!process.valid()) return LastError("Opening the service's process");
  // While it is still the service's, nobody else has been given its number.
  HOZEN_ASSIGN_OR_RETURN(const SERVICE_STATUS_PROCESS again, StatusOf(service));
  if (again.dwProcessId != status.dwProcessId) return absl::OkStatus();
  if (!::TerminateProcess(process.get(), kEnded)) return LastError("Ending the service's process");
  if (::WaitForSingleObject(process.get(), static_cast<DWORD>(absl::ToInt64Milliseconds(kEndsWithin))) !=
      WAIT_OBJECT_0) {
    return absl::DeadlineExceededError("The service's process does not end");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::filesystem::path> KnownFolder(const KNOWNFOLDERID& id, std::string_view what) {
  wchar_t* folder = nullptr;
  const HRESULT result = ::SHGetKnownFolderPath(id, 0, nullptr, &folder);
  const std::unique_ptr<wchar_t, decltype(&::CoTaskMemFree)> owned(folder, &::CoTaskMemFree);
  if (FAILED(result)) return Win32Status(static_cast<uint32_t>(result) & 0xFFFF, what);
  return std::filesystem::path(folder);
}

// Of a line of the log, "2026-11-22T06:12:06.123Z WARN what happened"; what is not logged is what a person would have
// been told, which is said of failures alone.
WORD EventTypeOf(std::string_view line) {
  const size_t word = line.find(' ');
  const std::string_view rest = word == std::string_view::npos ? "" : line.substr(word + 1);
  if (rest.starts_with("INFO ") || rest.starts_with("DEBUG ")) return EVENTLOG_INFORMATION_TYPE;
  return rest.starts_with("WARN ") ? EVENTLOG_WARNING_TYPE : EVENTLOG_ERROR_TYPE;
}

// A service has no standard error. While this stands, what is written there comes into the event log, line by line.
class StandardErrorInEventLog {
 public:
  StandardErrorInEventLog() : events_(::RegisterEventSourceW(nullptr, kName)) {
    HANDLE read_end = nullptr;
    HANDLE write_end = nullptr;
    if (events_ == nullptr || std::freopen("NUL", "w", stderr) == nullptr ||
        !::CreatePipe(&read_end, &write_end, nullptr, kPipeBytes)) {
      return;
    }
    const int fd = ::_open_osfhandle(reinterpret_cast<intptr_t>(write_end), _O_BINARY);
    const bool put = fd >= 0 && ::_dup2(fd, ::_fileno(stderr)) == 0;
    if (fd >= 0) {
      ::_close(fd);
    } else {
      ::CloseHandle(write_end);
    }
    if (!put) {
      ::CloseHandle(read_end);
      return;
    }
    std::setvbuf(stderr, nullptr, _IONBF, 0);
    reader_ = std::thread([this, read_end] { Report(read_end); });
  }
  ~StandardErrorInEventLog() {
    // The pipe's last end is closed by that.
    if (reader_.joinable() && std::freopen("NUL", "w", stderr) != nullptr) reader_.join();
    if (reader_.joinable()) reader_.detach();
  }
  StandardErrorInEventLog(const StandardErrorInEventLog&) = delete;
  StandardErrorInEventLog& operator=(const StandardErrorInEventLog&) = delete;

 private:
  static constexpr DWORD kPipeBytes = 64 << 10;

  // Through Win32: in wine, a thread that waits for a descriptor keeps all others from opening files.
  void Report(HANDLE read_end) const {
    std::string text;
    char piece[4096];
    DWORD size = 0;
    while (::ReadFile(read_end, piece, sizeof(piece), &size, nullptr) && size > 0) {
      text.append(piece, size);
      for (size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
        ReportLine(std::string_view(text).substr(0, end));
        text.erase(0, end + 1);
      }
    }
    ::CloseHandle(read_end);
  }

  void ReportLine(std::string_view line) const {
    const std::wstring wide = WideOfWtf8(line);
    const wchar_t* strings[] = {wide.c_str()};
    ::ReportEventW(events_, EventTypeOf(line), 0, kMessage, nullptr, 1, 0, strings, nullptr);
  }

  const HANDLE events_;  // never closed: threads that outlive us may log
  std::thread reader_;
};

// What the service manager is told of this process, and what it says.
class ServiceProcess {
 public:
  using Serve = std::function<int(const std::function<void()>& on_running)>;
  explicit ServiceProcess(const Serve& serve) : serve_(serve) {}

  // Until the service has ended.
  absl::StatusOr<int> Run() {
    running = this;
    std::wstring name = kName;
    const SERVICE_TABLE_ENTRYW table[] = {{name.data(), &ServiceProcess::Main}, {nullptr, nullptr}};
    if (::StartServiceCtrlDispatcherW(table)) return exit_status_;
    if (::GetLastError() == ERROR_FAILED_SERVICE_CONTROLLER_CONNECT) {
      return absl::FailedPreconditionError("The service manager has not started this process");
    }
    return LastError("Becoming a service");
  }

 private:
  // The manager calls without anything that says for whom.
  static ServiceProcess* running;

  static void WINAPI Main(DWORD /*count*/, wchar_t** /*words*/) { running->RunServe(); }

  static DWORD WINAPI OnControl(DWORD control, DWORD /*type*/, void* /*data*/, void* process) {
    switch (control) {
      case SERVICE_CONTROL_STOP:
      case SERVICE_CONTROL_SHUTDOWN:
      case SERVICE_CONTROL_PRESHUTDOWN:
        static_cast<ServiceProcess*>(process)->Tell(SERVICE_STOP_PENDING, kStopTakesMs);
        RequestShutdown();
        return NO_ERROR;
      case SERVICE_CONTROL_INTERROGATE:
        return NO_ERROR;
      default:
        return ERROR_CALL_NOT_IMPLEMENTED;
    }
  }

  void RunServe() {
    handle_ = ::RegisterServiceCtrlHandlerExW(kName, &ServiceProcess::OnControl, this);
    if (handle_ == nullptr) return;
    Tell(SERVICE_START_PENDING, kStopTakesMs);
    {
      const StandardErrorInEventLog errors;
      exit_status_ = serve_([this] { Tell(SERVICE_RUNNING, 0); });
    }
    Tell(SERVICE_STOPPED, 0);
  }

  // From the thread that serves, and from the manager's.
  void Tell(DWORD state, DWORD takes_ms) {
    absl::MutexLock lock(&mutex_);
    if (stopping_ && state == SERVICE_RUNNING) return;
    stopping_ = stopping_ || state == SERVICE_STOP_PENDING;
    SERVICE_STATUS status = {};
    status.dwServiceType = SERVICE_WIN32_OWN_PROCESS;
    status.dwCurrentState = state;
    status.dwWaitHint = takes_ms;
    if (state == SERVICE_RUNNING) {
      status.dwControlsAccepted = SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_SHUTDOWN | SERVICE_ACCEPT_PRESHUTDOWN;
    }
    if (state == SERVICE_STOPPED && exit_status_ != 0) {
      status.dwWin32ExitCode = ERROR_SERVICE_SPECIFIC_ERROR;
      status.dwServiceSpecificExitCode = static_cast<DWORD>(exit_status_);
    }
    ::SetServiceStatus(handle_, &status);
  }

  const Serve& serve_;
  SERVICE_STATUS_HANDLE handle_ = nullptr;
  int exit_status_ = 0;  // set by the serving thread, and read once it is done
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

ServiceProcess* ServiceProcess::running = nullptr;

}  // namespace

absl::StatusOr<std::filesystem::path> ServiceStateFolder() {
  HOZEN_ASSIGN_OR_RETURN(const std::filesystem::path data,
                         KnownFolder(FOLDERID_ProgramData, "Asking where programs keep data"));
  return data / L"Hozen" / L"agent";
}

absl::Status CheckProgramPlace(const std::filesystem::path& program) {
  HOZEN_ASSIGN_OR_RETURN(const std::filesystem::path programs,
                         KnownFolder(FOLDERID_ProgramFiles, "Asking where programs are"));
  // By what they are, not by name: paths may be short, or in another case.
  std::error_code error;
  for (std::filesystem::path folder = program.parent_path(); folder != folder.parent_path();
       folder = folder.parent_path()) {
    if (std::filesystem::equivalent(folder, programs, error)) return absl::OkStatus();
  }
  return absl::FailedPreconditionError(Concat(
      PathText(program), " lies where others than administrators may exchange it, and a service has every right;",
      " copy it to ", PathText(programs / L"Hozen"), " and install it from there"));
}

absl::StatusOr<Installed> InstallService(const std::filesystem::path& program, const std::filesystem::path& state) {
  HOZEN_ASSIGN_OR_RETURN(const ServiceHandle manager, OpenManager(SC_MANAGER_CONNECT | SC_MANAGER_CREATE_SERVICE));
  // In quotation marks, or another program could be put in the way of one whose path has spaces.
  const std::wstring command = L"\"" + program.wstring() + L"\" service --state \"" + state.wstring() + L"\"";
  Installed installed;
  ServiceHandle service(::CreateServiceW(manager.get(), kName, kDisplayName, SERVICE_ALL_ACCESS,
                                         SERVICE_WIN32_OWN_PROCESS, SERVICE_AUTO_START, SERVICE_ERROR_NORMAL,
                                         command.c_str(), nullptr, nullptr, nullptr, nullptr, nullptr));
  if (service == nullptr && ::GetLastError() == ERROR_SERVICE_EXISTS) {
    HOZEN_ASSIGN_OR_RETURN(service, OpenInstalled(SERVICE_ALL_ACCESS));
    HOZEN_ASSIGN_OR_RETURN(installed.replaced, CommandOf(service.get()));
    if (!::ChangeServiceConfigW(service.get(), SERVICE_WIN32_OWN_PROCESS, SERVICE_AUTO_START, SERVICE_ERROR_NORMAL,
                                command.c_str(), nullptr, nullptr, nullptr, nullptr, nullptr, kDisplayName)) {
      return LastError("Changing the service");
    }
  }
  if (service == nullptr) return LastError("Making the service");
  if (const absl::Status told = RegisterEventSource(program.wstring()); !told.ok()) {
    if (installed.replaced.empty()) {
      ::DeleteService(service.get());
    } else {
      RestoreService(installed.replaced).IgnoreError();  // what failed first is what is told
    }
    return told;
  }
  ConfigureAll(service.get(), installed.notes);
  return installed;
}

absl::Status RestoreService(const std::string& command) {
  HOZEN_ASSIGN_OR_RETURN(const ServiceHandle service, OpenInstalled(SERVICE_CHANGE_CONFIG));
  if (!::ChangeServiceConfigW(service.get(), SERVICE_NO_CHANGE, SERVICE_NO_CHANGE, SERVICE_NO_CHANGE,
                              WideOfWtf8(command).c_str(), nullptr, nullptr, nullptr, nullptr, nullptr, nullptr)) {
    return LastError("Changing the service");
  }
  return RegisterEventSource(WideOfWtf8(ProgramOf(command)));
}

absl::Status UninstallService(absl::Duration patience) {
  const absl::Status stopped = StopInstalledService(patience);
  if (absl::IsNotFound(stopped)) return stopped;
  HOZEN_ASSIGN_OR_RETURN(const ServiceHandle service, OpenInstalled(DELETE | SERVICE_QUERY_STATUS));
  // Marked already: it goes when the last one who looks at it has looked away.
  if (!::DeleteService(service.get()) && ::GetLastError() != ERROR_SERVICE_MARKED_FOR_DELETE) {
    return LastError("Removing the service");
  }
  ::RegDeleteTreeW(HKEY_LOCAL_MACHINE, kEventSource);
  if (stopped.ok()) return absl::OkStatus();
  // Only now, or it would be started again after its failure.
  const absl::Status ended = EndProcessOf(service.get());
  if (ended.ok()) return absl::OkStatus();
  return absl::DeadlineExceededError(Concat("It is removed, but goes on running: ", StdView(ended.message())));
}

absl::Status StartInstalledService() {
  HOZEN_ASSIGN_OR_RETURN(const ServiceHandle service, OpenInstalled(SERVICE_START | SERVICE_QUERY_STATUS));
  if (!::StartServiceW(service.get(), 0, nullptr) && ::GetLastError() != ERROR_SERVICE_ALREADY_RUNNING) {
    return LastError("Starting the service");
  }
  HOZEN_ASSIGN_OR_RETURN(const SERVICE_STATUS_PROCESS status,
                         WaitWhile(service.get(), SERVICE_START_PENDING, kServicePatience));
  if (status.dwCurrentState == SERVICE_RUNNING) return absl::OkStatus();
  if (status.dwWin32ExitCode == ERROR_SERVICE_SPECIFIC_ERROR) {
    return absl::FailedPreconditionError(Concat("The service has ended with exit status ",
                                                status.dwServiceSpecificExitCode,
                                                "; the Application event log has its last words"));
  }
  return Win32Status(status.dwWin32ExitCode, "The service has ended");
}

absl::Status StopInstalledService(absl::Duration patience) {
  HOZEN_ASSIGN_OR_RETURN(const ServiceHandle service, OpenInstalled(SERVICE_STOP | SERVICE_QUERY_STATUS));
  HOZEN_RETURN_IF_ERROR(WaitWhile(service.get(), SERVICE_START_PENDING, patience).status());
  SERVICE_STATUS asked = {};
  if (!::ControlService(service.get(), SERVICE_CONTROL_STOP, &asked)) {
    if (::GetLastError() == ERROR_SERVICE_NOT_ACTIVE) return absl::OkStatus();
    if (::GetLastError() != ERROR_SERVICE_CANNOT_ACCEPT_CTRL) return LastError("Stopping the service");
  }
  HOZEN_ASSIGN_OR_RETURN(const SERVICE_STATUS_PROCESS status, WaitWhile(service.get(), SERVICE_STOP_PENDING, patience));
  if (status.dwCurrentState == SERVICE_STOPPED) return absl::OkStatus();
  return absl::FailedPreconditionError("The service goes on running");
}

absl::StatusOr<int> BeService(const std::function<int(const std::function<void()>& on_running)>& serve) {
  return ServiceProcess(serve).Run();
}

}  // namespace hozen
