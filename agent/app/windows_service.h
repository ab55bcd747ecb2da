// The agent as a service of Windows: what the service manager and the event log have to know of it, and being one.
#ifndef HOZEN_AGENT_APP_WINDOWS_SERVICE_H_
#define HOZEN_AGENT_APP_WINDOWS_SERVICE_H_

#include <filesystem>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace hozen {

// Its name is "hozen-agent". Of all that follow: errors as Win32Status; PermissionDenied without an administrator's
// rights, NotFound where no such service is installed. Thread-compatible.

// %ProgramData%\Hozen\agent.
absl::StatusOr<std::filesystem::path> ServiceStateFolder();

// OK where `program` lies below %ProgramFiles%, which only administrators may write to; else FailedPrecondition, with
// what to do. A service has every right, and must not be one whose program, or a library beside it, somebody exchanges.
absl::Status CheckProgramPlace(const std::filesystem::path& program);

// Starts with the system, behind what the system itself needs, as LocalSystem with the privileges that collecting takes
// and no others; after a failure it is started again, later each time. The event log learns where its messages are. A
// service that is there gets these settings. Notes are what this system would not set, one a line.
struct Installed {
  std::string replaced;  // the command of the service that was there
  std::string notes;
};
absl::StatusOr<Installed> InstallService(const std::filesystem::path& program, const std::filesystem::path& state);

// Gives the service back the command that it had before InstallService, with what it is told of the event log.
absl::Status RestoreService(const std::string& command);

// Stops it first; one that has not stopped after `patience` is ended, as by a crash. DeadlineExceeded where the service
// is removed and its process ends in neither way. What it leaves in its state folder is the caller's affair.
constexpr absl::Duration kServicePatience = absl::Seconds(70);
absl::Status UninstallService(absl::Duration patience = kServicePatience);

// Until it runs. FailedPrecondition where it has ended instead; then the text says with what exit status.
absl::Status StartInstalledService();

// Until it has stopped; OK where it does not run. DeadlineExceeded where it is not done after `patience`.
absl::Status StopInstalledService(absl::Duration patience = kServicePatience);

// To be called in the process that the service manager has started, and by nobody else (FailedPrecondition). `serve`
// runs on another thread, calls `on_running` once it is ready, and gives an exit status when it ended, which it does
// soon after RequestShutdown. What it writes to standard error, the log among it, goes to the event log.
absl::StatusOr<int> BeService(const std::function<int(const std::function<void()>& on_running)>& serve);

}  // namespace hozen

#endif  // HOZEN_AGENT_APP_WINDOWS_SERVICE_H_
